-- Which trunks are tried first, and how those of one order share the calls.
ALTER TABLE trunks ADD COLUMN "order" INTEGER NOT NULL DEFAULT 1;
ALTER TABLE trunks ADD COLUMN weight INTEGER NOT NULL DEFAULT 1;
