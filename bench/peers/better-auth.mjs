// better-auth as its documents set it up, with its own adapter for memory, so that no database slows it down.
//   node better-auth.mjs PORT     signs one person up, prints their cookie, serves GET /api/auth/get-session
import http from "node:http";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { toNodeHandler } from "better-auth/node";

const port = Number(process.argv[2]);
const auth = betterAuth({
	baseURL: `http://127.0.0.1:${port}`,
	secret: "only for a benchmark on loopback, 32 characters",
	database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
	emailAndPassword: { enabled: true },
	rateLimit: { enabled: false },
	telemetry: { enabled: false },
});

const handle = toNodeHandler(auth);
http.createServer(handle).listen(port, "127.0.0.1", async () => {
	const answer = await auth.api.signUpEmail({
		body: { email: "person@example.com", name: "Person", password: "Correct-Horse7-Staple" },
		asResponse: true,
	});
	console.log(answer.headers.getSetCookie().map((line) => line.split(";")[0]).join("; "));
});
