// Drives a Salesforce look-alike with jsforce, unchanged; prints what it got as JSON.
const jsforce = require("@jsforce/jsforce-node");

async function main(base, id, secret) {
  const form = { grant_type: "client_credentials", client_id: id, client_secret: secret };
  const answer = await fetch(`${base}/services/oauth2/token`, {
    method: "POST",
    body: new URLSearchParams(form),
  });
  const { access_token: accessToken } = await answer.json();
  const org = new jsforce.Connection({ instanceUrl: base, accessToken, version: "66.0" });
  const contacts = org.sobject("Contact");
  const made = await contacts.create({ LastName: "Lee", Email: "ann@example.com" });
  const many = await contacts.create([{ LastName: "Ray" }, { FirstName: "Nobody" }]);
  const again = await contacts.upsert({ LastName: "Lee", Email: "ann@example.com" }, "Email");
  const found = await org.query("SELECT Id FROM Contact WHERE Email = 'ANN@example.com'");
  const refusal = await org.query("SELECT Nope FROM Contact").catch((e) => e.errorCode);
  org.bulk2.pollInterval = 20;
  org.bulk2.pollTimeout = 10000;
  const job = await org.bulk2.loadAndWaitForResults({
    object: "Contact",
    operation: "insert",
    input: [{ LastName: "Ash" }, { LastName: "x".repeat(81) }],
  });
  return {
    created: made.success,
    many: many.map((row) => row.success),
    again: again.created,
    found: found.records.map((row) => row.Id === made.id),
    refusal,
    good: job.successfulResults.length,
    bad: job.failedResults.map((row) => row.sf__Error.split(":")[0]),
    used: org.limitInfo.apiUsage.used,
  };
}

main(...process.argv.slice(2)).then(
  (got) => console.log(JSON.stringify(got)),
  (problem) => {
    console.error(problem);
    process.exit(1);
  },
);
