-- Opt-outs of a campaign's calls are counted by their source.
CREATE INDEX blacklist_history_campaign ON blacklist_history (source, action)
WHERE source LIKE '%campaign%';
