-- The password step, by wrk: accounts in turn, so that no account has two tries at a time.
local accounts = tonumber(os.getenv("BENCH_ACCOUNTS"))
local password = os.getenv("BENCH_PASSWORD")
local turn = 0

request = function()
	turn = turn % accounts + 1
	local body = string.format('{"email":"bench%d@example.com","password":"%s"}', turn, password)
	return wrk.format("POST", "/api/v1/login", { ["Content-Type"] = "application/json" }, body)
end

done = function(summary)
	io.write(string.format("RESULT %d %d %d %d\n", summary.requests, summary.duration, summary.errors.status,
		summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
