//! The scripts that run inside Redis.

/// Keys: mark, line beside the document, document. Values: store, change and purge that the document
/// holds, its line, its body, milliseconds to live. Writes it when the cache is this store's and neither
/// the mark nor the document that is there holds more. A line of another store counts for nothing.
pub(super) const PUT: &str = "
local function more(key)
  local line = redis.call('GET', key)
  if not line then return false, false end
  local store, seq, purge = string.match(line, '^(%S+) (%d+) (%d+)')
  if store ~= ARGV[1] then return false, false end
  return true, tonumber(seq) > tonumber(ARGV[2]) or tonumber(purge) > tonumber(ARGV[3])
end
local ours, behind = more(KEYS[1])
if not ours or behind then return 0 end
local there, older = more(KEYS[2])
if there and older then return 0 end
redis.call('SET', KEYS[3], ARGV[5], 'PX', ARGV[6])
redis.call('SET', KEYS[2], ARGV[4], 'PX', ARGV[6])
return 1";

/// Key: mark. Values: the mark as it was seen, the mark to move on to.
pub(super) const ADVANCE: &str = "
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1";

/// Keys: mark, then all that is to go. Value: the mark to begin at.
pub(super) const RESET: &str = "
for i = 2, #KEYS do redis.call('UNLINK', KEYS[i]) end
redis.call('SET', KEYS[1], ARGV[1])
return redis.status_reply('OK')";

/// Keys: any. Gives the milliseconds that each lives.
pub(super) const LEFT: &str = "
local left = {}
for i, key in ipairs(KEYS) do left[i] = redis.call('PTTL', key) end
return left";
