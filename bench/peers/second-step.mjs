// better-auth with its plugin for two-step sign-in, on SQLite that is as durable as twostep's: WAL, synchronous=FULL. Its limit on requests
// by address is off, for all the load comes from one; what it counts by person and by challenge is on.
//   node second-step.mjs PORT DATABASE
// Each line of input is a number: so many people, who have an app and have given the password, take the place of those before.
// For each of them it prints a line: the cookie that they hold now, a tab, and the body of the request that they owe.
import http from "node:http";
import readline from "node:readline";
import Database from "better-sqlite3";
import { betterAuth } from "better-auth";
import { symmetricDecrypt } from "better-auth/crypto";
import { toNodeHandler } from "better-auth/node";
import { twoFactor } from "better-auth/plugins";
import { serializeSignedCookie } from "better-call";

const [port, path] = process.argv.slice(2);
const credentials = { email: "first@example.com", password: "Correct-Horse7-Staple" };
const database = new Database(path);
database.pragma("journal_mode = WAL");
database.pragma("synchronous = FULL");
const auth = betterAuth({
	baseURL: `http://127.0.0.1:${port}`,
	secret: "only for a benchmark on loopback, 32 characters",
	database,
	emailAndPassword: { enabled: true },
	plugins: [twoFactor({ twoFactorCookieMaxAge: 3600 })],
	rateLimit: { enabled: false },
	telemetry: { enabled: false },
});
const context = await auth.$context;
await context.runMigrations();
const rows = (table) => database.prepare(`SELECT * FROM "${table}" ORDER BY rowid`).all();

// The first person goes the whole way; the others get copies of the rows that it leaves.
const signedUp = await auth.api.signUpEmail({ body: { ...credentials, name: "First" }, asResponse: true });
const headers = new Headers({ cookie: signedUp.headers.getSetCookie().map((line) => line.split(";")[0]).join("; ") });
await auth.api.enableTwoFactor({ body: { password: credentials.password }, headers });
const secret = await symmetricDecrypt({ key: context.secretConfig, data: rows("twoFactor")[0].secret });
const codeNow = () => auth.api.generateTOTP({ body: { secret } });
await auth.api.verifyTOTP({ body: await codeNow(), headers });
await auth.api.signInEmail({ body: credentials });
const [[user], [account], [app], [owed, tries]] = ["user", "account", "twoFactor", "verification"].map(rows);

function insert(table, row) {
	const names = Object.keys(row).map((name) => `"${name}"`);
	database.prepare(`INSERT INTO "${table}" (${names}) VALUES (${names.map(() => "?")})`).run(Object.values(row));
}

/** Answers the challenge of the new person. */
function addPerson(number) {
	const own = (row) => ({ ...row, id: `${row.id}${number}`, userId: `${user.id}${number}` });
	const { userId, ...person } = own(user);
	const identifier = `${owed.identifier}${number}`;
	insert("user", { ...person, email: `person${number}@example.com` });
	insert("account", { ...own(account), accountId: userId });
	insert("twoFactor", own(app));
	insert("verification", { ...owed, id: `${owed.id}${number}`, identifier, value: userId });
	insert("verification", { ...tries, id: `${tries.id}${number}`, identifier: tries.identifier.replace(owed.identifier, identifier) });
	return identifier;
}

let people = 0; // no number comes twice: what was asked in a run before is nobody's now
const replacePeople = database.transaction((count) => {
	for (const table of ["session", "verification", "twoFactor", "account", "user"])
		database.exec(`DELETE FROM "${table}"`);
	return Array.from({ length: count }, () => addPerson(people++));
});

const { name } = context.createAuthCookie("two_factor");
http.createServer(toNodeHandler(auth)).listen(Number(port), "127.0.0.1", () => console.log("ready"));
for await (const line of readline.createInterface({ input: process.stdin })) {
	const body = JSON.stringify(await codeNow());
	for (const identifier of replacePeople(Number(line)))
		console.log(`${await serializeSignedCookie(name, identifier, context.secret)}\t${body}`);
}
