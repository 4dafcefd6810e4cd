-- Tells accounts that nobody uses. Releases before this one leave it empty.
ALTER TABLE accounts ADD COLUMN last_sign_in_at DATETIME(3) NULL
