-- One row for each subscription of this database. A worker that copies a table has a row of its own in the view.
SELECT quote_ident(s.subname) AS subscription,
       s.subname::text AS name,
       s.subenabled AS enabled,
       s.subslotname::text AS slot,
       s.subpublications AS publications,
       w.subid IS NOT NULL AS running,
       -- Until it hears its publisher, a worker gives its own start as the time of the last message.
       CASE WHEN w.received_lsn IS NOT NULL
            THEN (extract(epoch FROM w.last_msg_receipt_time) * 1000000)::int8 END AS last_message,
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
