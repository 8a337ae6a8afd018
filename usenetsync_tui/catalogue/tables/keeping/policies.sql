-- remember
-- The keep rules of a folder.
UPDATE folders
   SET keep_own = %(is_own)s, keep_last = %(last)s, keep_hourly = %(hourly)s,
       keep_daily = %(daily)s, keep_weekly = %(weekly)s, keep_monthly = %(monthly)s,
       keep_yearly = %(yearly)s, keep_within = %(within)s, keep_tags = %(tags)s
 WHERE id = %(folder)s;
