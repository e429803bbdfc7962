(SELECT array_agg(coalesce((SELECT a.attname::text FROM pg_attribute a
                                    WHERE a.attrelid = i.indrelid AND a.attnum = k.attnum), '(expression)') ORDER BY k.place)
          FROM unnest(i.keys) WITH ORDINALITY k(attnum, place) WHERE k.place <= i.indnkeyatts)
