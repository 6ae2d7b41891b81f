-- Whole sign-ins, by wrk: each thread has one connection and signs people in one after another, by password and then by code.
--   BENCH_STEPS  file: a line of six digits for each person; BENCH_FIRST: the first of this run; BENCH_THREADS; BENCH_PASSWORD
local LINE_BYTES = 6
local file = assert(io.open(os.getenv("BENCH_STEPS"), "rb"))
local codes = file:read("*a")
file:close()
local threads, started = {}, 0
local head = { ["Content-Type"] = "application/json" }
local login

setup = function(thread)
	thread:set("place", started)
	started = started + 1
	threads[started] = thread
end

init = function()
	person = tonumber(os.getenv("BENCH_FIRST")) + place
	signed_in, wrong = 0, 0
end

request = function()
	if login then
		local code = codes:sub(person * LINE_BYTES + 1, (person + 1) * LINE_BYTES)
		return wrk.format("POST", "/api/v1/login/second-step", head, string.format('{"login":"%s","method":"totp","code":"%s"}', login, code))
	end
	return wrk.format("POST", "/api/v1/login", head, string.format('{"email":"person%07d@example.com","password":"%s"}', person,
		os.getenv("BENCH_PASSWORD")))
end

response = function(status, _, body)
	if status ~= 200 then
		wrong = wrong + 1
		login = nil
	elseif login then
		signed_in = signed_in + 1
		login = nil
	else
		login = body:match('"login":"([^"]+)"')
		if login then
			return
		end
		wrong = wrong + 1
	end
	person = person + tonumber(os.getenv("BENCH_THREADS"))
end

done = function(summary)
	local all, refused = 0, 0
	for _, thread in ipairs(threads) do
		all = all + thread:get("signed_in")
		refused = refused + thread:get("wrong")
	end
	io.write(string.format("RESULT %d %d %d %d\n", all, summary.duration, refused,
		summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
