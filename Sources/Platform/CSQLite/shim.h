#include <sqlite3.h>

/* sqlite3_config is variadic, which Swift cannot call. Nobody reads the statistics, and keeping them
   takes a lock for every allocation. Once SQLite is in use this does nothing. */
static inline void tompion_sqlite3_without_statistics(void) {
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}
