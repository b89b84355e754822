-- How a trunk wants numbers written, and which numbers are shown: {"rewrite": [...], "caller_numbers": [...]}.
ALTER TABLE trunks ADD COLUMN rules TEXT NOT NULL DEFAULT '{}';
