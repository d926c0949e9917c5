// Asks a Salesforce look-alike what jsforce asks, unchanged; prints what it got as JSON.
const jsforce = require("@jsforce/jsforce-node");

const KEY = "Webinar_Activity_Key__c";

async function open(base, id, secret) {
  const form = { grant_type: "client_credentials", client_id: id, client_secret: secret };
  const answer = await fetch(`${base}/services/oauth2/token`, {
    method: "POST",
    body: new URLSearchParams(form),
  });
  const { access_token: accessToken } = await answer.json();
  return new jsforce.Connection({ instanceUrl: base, accessToken, version: "66.0" });
}

async function describe(org) {
  const contact = await org.describe("Contact");
  const email = contact.fields.find((field) => field.name === "Email");
  const global = await org.describeGlobal();
  return {
    email: [email.type, email.idLookup],
    objects: global.sobjects.map((found) => found.name).filter((name) => name === "Task"),
    absent: await org.describe("Nothing__c").catch((problem) => problem.errorCode),
  };
}

async function records(org) {
  const contacts = org.sobject("Contact");
  const made = await contacts.create({ LastName: "Lee", Email: "ann@example.com" });
  const many = await contacts.create([{ LastName: "Ray" }, { FirstName: "Nobody" }]);
  const again = await contacts.upsert({ LastName: "Lea", Email: "ann@example.com" }, "Email");
  const read = await contacts.retrieve(made.id);
  return {
    made: made.success,
    many: many.map((row) => row.success),
    again: [again.created, again.id === made.id],
    read: read.LastName,
  };
}

async function collections(org) {
  const rows = (numbers, subject) =>
    numbers.map((n) => ({ Subject: subject, [KEY]: `key-${n}` }));
  const tasks = org.sobject("Task");
  const options = { allOrNone: false };
  const first = await tasks.upsert(rows([1, 2], "one"), KEY, options);
  const second = await tasks.upsert(rows([2, 3], "x".repeat(256)), KEY, options);
  const third = await tasks.upsert(rows([2, 3], "two"), KEY, options);
  return {
    first: first.map((row) => row.created),
    second: second.map((row) => row.errors[0].statusCode || row.errors[0].errorCode),
    third: third.map((row) => row.created),
  };
}

async function query(org) {
  const found = await org.query("SELECT Id, LastName FROM Contact WHERE Email = 'ANN@example.com'");
  const pages = [await org.query("SELECT Id FROM Contact")];
  while (!pages[0].done) pages.unshift(await org.queryMore(pages[0].nextRecordsUrl));
  return {
    found: found.records.map((row) => row.LastName),
    total: found.totalSize,
    pages: pages.reverse().map((page) => page.records.length),
    refusal: await org.query("SELECT Nope FROM Contact").catch((problem) => problem.errorCode),
  };
}

async function bulk(org) {
  org.bulk2.pollInterval = 20;
  org.bulk2.pollTimeout = 10000;
  const job = await org.bulk2.loadAndWaitForResults({
    object: "Contact",
    operation: "insert",
    input: [{ LastName: "Ash" }, { LastName: "x".repeat(81) }],
  });
  return {
    good: job.successfulResults.map((row) => [row.LastName, row.sf__Created]),
    bad: job.failedResults.map((row) => row.sf__Error.split(":")[0]),
    unprocessed: job.unprocessedRecords.length,
  };
}

async function composite(org) {
  const url = "/services/data/v66.0";
  const record = (name) => ({ attributes: { type: "Lead" }, LastName: name, Company: "Ray" });
  const many = { allOrNone: false, records: [record("Roy"), record("x".repeat(81))] };
  const body = {
    allOrNone: false,
    compositeRequest: [
      { method: "POST", url: `${url}/sobjects/Lead`, referenceId: "one", body: record("Kim") },
      { method: "POST", url: `${url}/composite/sobjects`, referenceId: "many", body: many },
      { method: "GET", url: `${url}/sobjects/Lead/@{one.id}?fields=LastName`, referenceId: "back" },
      {
        method: "GET",
        url: `${url}/query?q=${encodeURIComponent("SELECT Nope FROM Lead")}`,
        referenceId: "bad",
      },
    ],
  };
  const used = org.limitInfo.apiUsage.used;
  const { compositeResponse: parts } = await org.requestPost(`${url}/composite`, body);
  return {
    status: parts.map((part) => part.httpStatusCode),
    rows: parts[1].body.map((row) => row.success),
    back: parts[2].body.LastName,
    cost: org.limitInfo.apiUsage.used - used,
  };
}

async function refused(base) {
  const org = new jsforce.Connection({ instanceUrl: base, accessToken: "no", version: "66.0" });
  return org.query("SELECT Id FROM Contact").catch((problem) => problem.errorCode);
}

async function main(base, id, secret) {
  const org = await open(base, id, secret);
  const got = { describe: await describe(org), records: await records(org) };
  got.collections = await collections(org);
  got.bulk = await bulk(org);
  got.query = await query(org);
  got.composite = await composite(org);
  got.used = org.limitInfo.apiUsage.used;
  got.refused = await refused(base);
  return got;
}

main(...process.argv.slice(2)).then(
  (got) => console.log(JSON.stringify(got)),
  (problem) => {
    console.error(problem);
    process.exit(1);
  },
);
