-- Second steps, by wrk: each line of a file once, a cookie or nothing, a tab and a body; then the thread stops, and so does the clock.
--   BENCH_STEPS  the file; BENCH_ORIGIN
local ffi = require("ffi")
ffi.cdef("typedef struct { long s, us; } moment; int gettimeofday(moment *, void *);")
local steps, turn, origin, thread = {}, 0, os.getenv("BENCH_ORIGIN"), nil
for line in io.lines(os.getenv("BENCH_STEPS")) do
	steps[#steps + 1] = line
end

local function now_us()
	local now = ffi.new("moment")
	ffi.C.gettimeofday(now, nil)
	return tonumber(now.s) * 1000000 + tonumber(now.us)
end

setup = function(one)
	thread = one
end

request = function()
	began_us = began_us or now_us()
	if turn == #steps then
		ended_us = now_us()
		wrk.thread:stop()
		return wrk.format("GET", "/")
	end
	turn = turn + 1
	local cookie, body = steps[turn]:match("^(.-)\t(.*)$")
	return wrk.format("POST", nil, { ["Content-Type"] = "application/json", Origin = origin, Cookie = cookie ~= "" and cookie or nil }, body)
end

done = function(summary)
	local ended_us = thread:get("ended_us")
	io.write(string.format("RESULT %d %d %d %d\n", summary.requests, ended_us and ended_us - thread:get("began_us") or summary.duration,
		summary.errors.status, summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
