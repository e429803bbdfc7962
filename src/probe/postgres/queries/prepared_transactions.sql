SELECT gid, quote_ident(database) AS database, quote_ident(owner) AS owner,
       (extract(epoch FROM prepared) * 1000000)::int8 AS prepared,
       age(transaction)::int8 AS xid_age
  FROM pg_prepared_xacts
 ORDER BY prepared, gid
