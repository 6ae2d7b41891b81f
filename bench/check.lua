-- Checks of the guard, by wrk: a request of which %TOKEN% and %HOST% are filled in. Prints what bench/run reads.
--   BENCH_REQUEST  file: the bytes of the request
--   BENCH_TOKENS   file: one token of 43 characters after the other; BENCH_FIRST, BENCH_COUNT: which of them, at random
--   BENCH_HOSTS    names with blanks between, at random
-- With one token and one host the bytes are made once, and wrk sends them without asking here: the client costs least then.
local TOKEN_BYTES = 43

local function read_file(name)
	local file = assert(io.open(os.getenv(name), "rb"))
	local text = file:read("*a")
	file:close()
	return text
end

local tokens = read_file("BENCH_TOKENS")
local first, count = tonumber(os.getenv("BENCH_FIRST")), tonumber(os.getenv("BENCH_COUNT"))
local hosts = {}
for host in os.getenv("BENCH_HOSTS"):gmatch("%S+") do
	hosts[#hosts + 1] = host
end

local before, between, after = read_file("BENCH_REQUEST"):match("^(.*)%%HOST%%(.*)%%TOKEN%%(.*)$")

local function fill(host, turn)
	return before .. host .. between .. tokens:sub(turn * TOKEN_BYTES + 1, (turn + 1) * TOKEN_BYTES) .. after
end

if count == 1 and #hosts == 1 then
	-- What wrk sends where the script has no request() is what wrk.format() gives once.
	wrk.format = function()
		return fill(hosts[1], first)
	end
else
	request = function()
		return fill(hosts[math.random(#hosts)], first + math.random(count) - 1)
	end
end

done = function(summary, latency)
	io.write(string.format("RESULT %d %d %d %d %d\n", summary.requests, summary.duration, summary.errors.status,
		summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout, latency:percentile(99)))
	for _, p in ipairs({ 50, 75, 90, 95, 99, 99.9 }) do
		io.write(string.format("LATENCY %g %d\n", p, latency:percentile(p)))
	end
end
