-- Second steps, by wrk: each line of a file once, its login of 43 characters and its code of six; then the thread stops.
--   BENCH_STEPS  the file; BENCH_FIRST, BENCH_COUNT: which lines
local LINE_BYTES = 49
local file = assert(io.open(os.getenv("BENCH_STEPS"), "rb"))
local steps = file:read("*a")
file:close()
local turn, last = tonumber(os.getenv("BENCH_FIRST")), tonumber(os.getenv("BENCH_FIRST")) + tonumber(os.getenv("BENCH_COUNT"))

request = function()
	if turn == last then
		wrk.thread:stop()
		return wrk.format("GET", "/healthz")
	end
	local at = turn * LINE_BYTES
	turn = turn + 1
	local body = string.format('{"login":"%s","method":"totp","code":"%s"}', steps:sub(at + 1, at + 43), steps:sub(at + 44, at + 49))
	return wrk.format("POST", "/api/v1/login/second-step", { ["Content-Type"] = "application/json" }, body)
end

done = function(summary)
	io.write(string.format("RESULT %d %d %d %d\n", summary.requests, summary.duration, summary.errors.status,
		summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
