--[[
twostep.lua: asks twostep before HAProxy lets a request through. Debian packages no module for it; this is one action:

    http-request lua.twostep ADDRESS SCHEME HOST
    http-request deny deny_status 503 unless { var(txn.twostep) -m str yes }

ADDRESS  where twostep listens: 127.0.0.1:8080, or unix@/run/twostep/socket
SCHEME   https or http: how visitors come
HOST     the service's host, with its port where that is not the default

On 200 it sets the identity headers, takes twostep's cookies out of Cookie, and says yes by the variable txn.twostep. On any
other answer it ends the request with that answer. HAProxy goes on behind an action that broke off (an error, a time limit,
memory): so nothing counts but the variable, and the line behind it must stand there. `twostep proxy-config haproxy` prints all.
--]]

if twostep_is_loaded then -- each service's configuration names this file
	return
end
twostep_is_loaded = true

local identity = {
	"remote-user", "remote-email", "remote-name", "remote-groups", "remote-methods", "remote-second-step-at", "remote-assertion",
}

-- What a refusal passes on to the visitor.
local passed_on = {
	"location", "twostep-needs", "content-type", "cache-control", "content-security-policy", "x-content-type-options",
	"referrer-policy", "retry-after",
}

-- Any other status is none that twostep gives: it is answered as 503.
local refusals = { [302] = true, [303] = true, [400] = true, [401] = true, [403] = true, [404] = true, [429] = true, [503] = true }

-- Of the visitor's own headers the question takes these alone.
local asked_with = { "cookie", "accept", "accept-language", "x-requested-with" }

local patience_ms = 3000 -- HAProxy ends an action after 4 s (tune.lua.session-timeout)

-- Header lines are tables that begin at 0.
local function lines(header)
	local found, i = {}, 0
	while header and header[i] do
		found[#found + 1] = header[i]
		i = i + 1
	end
	return found
end

local function question(txn, scheme, host)
	local given = txn.http:req_get_headers()
	local headers = {
		["host"] = { host },
		["x-forwarded-method"] = { txn.sf:method() },
		["x-forwarded-proto"] = { scheme },
		["x-forwarded-host"] = { host },
		["x-forwarded-uri"] = { txn.sf:pathq() },
		["x-forwarded-for"] = { txn.sf:src() },
	}
	for _, name in ipairs(asked_with) do
		local values = lines(given[name])
		if #values > 0 then
			headers[name] = { table.concat(values, name == "cookie" and "; " or ", ") }
		end
	end
	return headers
end

local function refuse(txn, status, answer)
	local reply = txn:reply({ status = status })
	for _, name in ipairs(passed_on) do
		for _, value in ipairs(lines(answer and answer.headers and answer.headers[name])) do
			reply:add_header(name, value)
		end
	end
	if not answer then
		reply:add_header("cache-control", "no-store")
	elseif answer.body and txn.sf:method() ~= "HEAD" then
		reply:set_body(answer.body)
	end
	txn:done(reply)
end

-- Each once and not empty, or it is no yes.
local function identity_of(answer)
	local found = {}
	for _, name in ipairs(identity) do
		local values = lines(answer.headers and answer.headers[name])
		if #values ~= 1 or values[1] == "" then
			return nil
		end
		found[name] = values[1]
	end
	return found
end

local function take_cookies_out(txn)
	local kept = {}
	for _, line in ipairs(lines(txn.http:req_get_headers()["cookie"])) do
		for cookie in line:gmatch("[^;]+") do
			local text = cookie:match("^%s*(.-)%s*$")
			if text ~= "" and not text:match("^[^=]*"):find("twostep", 1, true) then
				kept[#kept + 1] = text
			end
		end
	end
	txn.http:req_del_header("cookie")
	if #kept > 0 then
		txn.http:req_set_header("cookie", table.concat(kept, "; "))
	end
end

core.register_action("twostep", { "http-req" }, function(txn, address, scheme, host)
	txn:set_var("txn.twostep", "unsure")
	local wanted = {
		url = "http://" .. host .. "/authz/forward-auth",
		headers = question(txn, scheme, host),
		dst = address,
		timeout = patience_ms,
	}
	local answer = core.httpclient():get(wanted)
	local status = answer and answer.status
	if status ~= 200 then
		return refuse(txn, refusals[status] and status or 503, refusals[status] and answer or nil)
	end
	local found = identity_of(answer)
	if not found then
		return refuse(txn, 503, nil)
	end
	for name, value in pairs(found) do
		txn.http:req_set_header(name, value)
	end
	take_cookies_out(txn)
	txn:set_var("txn.twostep", "yes")
end, 3)
