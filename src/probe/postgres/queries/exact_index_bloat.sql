CASE WHEN may AND (withheld OR greatest(whole - expected, 0) >= {confirm_from})
            THEN format('SELECT i.index_size AS exact_size, b.bloat AS exact_bloat_size, '
                        'b.bloat::float8 / nullif(i.index_size, 0) AS exact_bloat_ratio, '
                        'nullif(i.avg_leaf_density, ''NaN'') / 100 AS leaf_density FROM %s.pgstatindex(%s::oid::regclass) i, '
                        'LATERAL (SELECT (%s * (i.empty_pages + i.deleted_pages + coalesce(i.leaf_pages '
                        '* greatest(1 - nullif(i.avg_leaf_density, ''NaN'') / %s, 0), 0)))::int8 AS bloat) b',
                        home, oid, block, fill * 100) END
