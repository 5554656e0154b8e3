-- wrk: posts single journal entries, each under a key of its own, to one organization or spread over ORGS of them.
--   ORG=acme ORGS=1 KEY=... wrk -t1 -c64 -d20s -s benches/http/post.lua http://127.0.0.1:8080
local key, org, orgs = os.getenv("KEY"), os.getenv("ORG") or "acme", tonumber(os.getenv("ORGS") or "1")
local threads, run = 0, os.getenv("RUN") or tostring(os.time())

function setup(thread)
  thread:set("id", threads)
  threads = threads + 1
end

function init()
  count = 0
  headers = { ["Authorization"] = "Bearer " .. key, ["Content-Type"] = "application/json" }
end

function request()
  count = count + 1
  headers["Idempotency-Key"] = run .. "-" .. id .. "-" .. count
  local units = count % 90000 + 1000
  local amount = string.format("%d.%02d", math.floor(units / 100), units % 100)
  local body = '{"effective_date":"2026-01-15","description":"Sale ' .. count .. '","lines":[' ..
    '{"account":"1000","direction":"debit","amount":"' .. amount .. '"},' ..
    '{"account":"4000","direction":"credit","amount":"' .. amount .. '"}]}'
  local slug = orgs == 1 and org or (org .. "-" .. (count % orgs))
  return wrk.format("POST", "/v1/orgs/" .. slug .. "/entries", headers, body)
end

function done(summary, latency)
  local failed = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format("posts/s %.0f  p50 %.2f ms  p99 %.2f ms  max %.2f ms  refused or failed %d\n",
    summary.requests / summary.duration * 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000, failed))
end
