SELECT o.oid, pg_total_relation_size(o.oid) FROM unnest($1::oid[]) o(oid)
