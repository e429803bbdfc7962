SELECT (extract(epoch FROM stats_reset) * 1000000)::int8 AS stats_since
  FROM pg_stat_database WHERE datname = current_database()
