-- How SIP travels to a trunk: udp, tcp, tls or sips; with TLS whose certificates are believed.
ALTER TABLE trunks ADD COLUMN transport TEXT NOT NULL DEFAULT 'udp';
ALTER TABLE trunks ADD COLUMN ca_file TEXT NOT NULL DEFAULT ''; -- '': those the system trusts
ALTER TABLE trunks ADD COLUMN tls_verify INTEGER NOT NULL DEFAULT 1;
