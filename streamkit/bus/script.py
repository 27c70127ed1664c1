"""The script that a Redis server runs for each change of a reply, so that a change is one step."""

from __future__ import annotations

__all__ = ["SCRIPT"]

SCRIPT = """
local meta, log = KEYS[1], KEYS[2]
local op, live_ttl, ended_ttl = ARGV[1], ARGV[2], ARGV[3]

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local known = redis.call('HMGET', meta, 'state', 'epoch', 'number', 'beat', 'owner', 'cancel', 'suspect')
local state, epoch, number = known[1], tonumber(known[2]), tonumber(known[3])
local beat, owner, cancel, suspect = tonumber(known[4]), known[5], known[6] or '0', tonumber(known[7])

local function answer(verdict)
    return redis.status_reply(verdict .. ' ' .. (epoch or 0) .. ' ' .. cancel)  -- one line, which is read fastest
end

local function sign_of_life()
    redis.call('HSET', meta, 'beat', now)
    redis.call('HDEL', meta, 'suspect')
    redis.call('EXPIRE', meta, live_ttl)
    redis.call('EXPIRE', log, live_ttl)
end

local function add(data, last)
    redis.call('XADD', log, '*', 'd', epoch .. ' ' .. number .. ' ' .. data)  -- one field, which is read fastest
    redis.call('HSET', meta, 'epoch', epoch, 'number', number)
    sign_of_life()
    if last == '1' then
        redis.call('HSET', meta, 'state', 'closed')
        redis.call('EXPIRE', meta, ended_ttl)
        redis.call('EXPIRE', log, ended_ttl)
    end
end

if op == 'open' then
    if not state then
        epoch = now  -- not that of a reply of this id that was lost, and whose writer may be at work still
        redis.call('HSET', meta, 'state', 'open', 'epoch', epoch, 'number', 0, 'owner', ARGV[4])
        sign_of_life()
        return answer('ok')
    elseif owner == ARGV[4] then
        return answer('repeated')
    elseif state ~= 'open' then
        return answer('closed')
    end
    return answer('busy')
end

if not state then
    return answer('missing')
end

if op == 'status' then
    local last = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)
    return {state, epoch, now - beat, last[1] and last[1][1] or '0-0'}
end

if op == 'append' then
    local asked, batch = tonumber(ARGV[4]), tonumber(ARGV[5])
    if asked == epoch and batch <= number then return answer('repeated') end
    if asked ~= epoch then return answer('stale') end
    if state ~= 'open' then return answer('closed') end
    if batch ~= number + 1 then return answer('gap') end
    number = batch
    add(ARGV[6], ARGV[7])
    return answer('ok')
end

if op == 'take over' then
    local asked, new_owner, dead_after, grace = tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[8]), tonumber(ARGV[9])
    if owner == new_owner then return answer('repeated') end
    if state ~= 'open' then return answer('closed') end
    if asked ~= epoch then return answer('stale') end
    if now - beat <= dead_after then return answer('alive') end
    if not suspect then  -- the server itself may have been away: give the writer the time to reach it again
        redis.call('HSET', meta, 'suspect', now)
        return answer('alive')
    end
    if now - suspect < grace then return answer('alive') end
    epoch, number = epoch + 1, 1
    redis.call('HSET', meta, 'owner', new_owner)
    add(ARGV[6], ARGV[7])
    return answer('ok')
end

if op == 'beat' then
    if tonumber(ARGV[4]) ~= epoch then return answer('stale') end
    if state ~= 'open' then return answer('closed') end
    sign_of_life()
    return answer('ok')
end

if op == 'cancel' then
    if state ~= 'open' then return answer('closed') end
    cancel = '1'
    redis.call('HSET', meta, 'cancel', 1)
    return answer('ok')
end

return redis.error_reply('unknown operation ' .. op)
"""
