-- One row for each subscription of this database. A worker that copies a table has a row of its own in the view.
SELECT quote_ident(s.subname) AS subscription,
       s.subname::text AS name,
       s.subenabled AS enabled,
       s.subslotname::text AS slot,
       s.subpublications AS publications,
       w.subid IS NOT NULL AS running,
       (extract(epoch FROM w.last_msg_receipt_time) * 1000000)::int8 AS last_message,
       CASE WHEN w.latest_end_lsn <= w.received_lsn THEN 0
            ELSE pg_wal_lsn_diff(w.latest_end_lsn, w.received_lsn)::int8 END AS not_received,
       coalesce(t.pending, 0) AS tables_pending,
       coalesce(t.tables, 0) AS tables,
       {errors}
  FROM {source} s
  LEFT JOIN (SELECT DISTINCT ON (subid) * FROM pg_stat_subscription
              WHERE pid IS NOT NULL AND relid IS NULL {leader} ORDER BY subid, pid) w ON w.subid = s.oid
  LEFT JOIN (SELECT srsubid, count(*) AS tables, count(*) FILTER (WHERE srsubstate <> 'r') AS pending
               FROM pg_subscription_rel GROUP BY 1) t ON t.srsubid = s.oid
  {stats}
 WHERE s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
 ORDER BY 1
