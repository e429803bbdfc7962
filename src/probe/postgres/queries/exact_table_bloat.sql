CASE WHEN may AND (withheld OR greatest(heap - expected, 0) >= {confirm_from})
            THEN format('SELECT t.table_len AS exact_size, b.bloat AS exact_bloat_size, '
                        'b.bloat::float8 / nullif(t.table_len, 0) AS exact_bloat_ratio, '
                        't.dead_tuple_percent / 100 AS exact_dead_ratio FROM %s.pgstattuple_approx(%s::oid::regclass) t, '
                        'LATERAL (SELECT t.dead_tuple_len + t.approx_free_space AS waste) w, '
                        'LATERAL (SELECT greatest(w.waste - (t.table_len - w.waste) * %s, 0)::int8 AS bloat) b', home, oid, (1 - fill) / fill) END
