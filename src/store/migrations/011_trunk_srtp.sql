-- Is the audio of a trunk's calls encrypted: off, optional, required.
ALTER TABLE trunks ADD COLUMN srtp TEXT NOT NULL DEFAULT 'off';
