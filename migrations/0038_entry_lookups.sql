-- Entries by day, by party, by document, and what took an entry back: for lists that are read page by page.
SET LOCAL ROLE ledger_owner;

-- What an entry's lines share stands in its first line, so the list by day has one index row an entry, not one a line.
-- Few lines name a party or a document, and hardly any entry reverses or corrects another: an import of plain entries pays
-- for the first of these only.
CREATE INDEX gl_fact_by_date ON read.gl_fact (org_id, effective_date, seq) WHERE line_no = 1;
CREATE INDEX gl_fact_by_party ON read.gl_fact (org_id, party, effective_date, seq) WHERE party IS NOT NULL;
CREATE INDEX gl_fact_by_document ON read.gl_fact (org_id, document, effective_date, seq) WHERE document IS NOT NULL;
CREATE INDEX gl_fact_reversing ON read.gl_fact (org_id, reverses_seq) WHERE line_no = 1 AND reverses_seq IS NOT NULL;
CREATE INDEX gl_fact_correcting ON read.gl_fact (org_id, corrects_seq) WHERE line_no = 1 AND corrects_seq IS NOT NULL;

RESET ROLE;
