//! Keeps the embedded engine as fast as it was on its first day.
//!
//! For every write the engine looks for the highest number among all the records its streams ever had,
//! without an index, and it never deletes one. So its file gets an index by that number, and a trigger
//! that keeps no more than the last [`KEPT`] records; both stay in the file and are no concern of the
//! engine's.

use std::path::Path;

use dynoxide::Database;
use rusqlite::Connection;
use uuid::Uuid;

/// How many records are kept: far more than are written between two looks at the stream.
const KEPT: u32 = 20_000;

/// A database in memory.
pub(super) fn in_memory() -> anyhow::Result<Database> {
    let database = Database::memory()?;
    // What is in memory has one connection, which is the engine's: the way in is a snapshot, in memory
    // as well for as long as a connection to it is open (https://www.sqlite.org/inmemorydb.html).
    let snapshot = format!("file:snapshot-{}?mode=memory&cache=shared", Uuid::new_v4().simple());
    let connection = Connection::open(&snapshot)?;
    database.vacuum_into(&snapshot)?;
    mend(&connection)?;
    database.restore_from(&snapshot)?;
    Ok(database)
}

/// Mends the file that the engine has opened.
pub(super) fn mend_file(file: &Path) -> anyhow::Result<()> {
    mend(&Connection::open(file)?)
}

/// Gives a database what it lacks; nothing to do if that was done before.
fn mend(connection: &Connection) -> anyhow::Result<()> {
    connection.execute_batch(&format!(
        "CREATE INDEX IF NOT EXISTS confab_stream_order
             ON _stream_records (table_name, CAST(sequence_number AS INTEGER));
         CREATE TRIGGER IF NOT EXISTS confab_stream_trim AFTER INSERT ON _stream_records
         BEGIN
             DELETE FROM _stream_records WHERE id <= NEW.id - {KEPT};
         END;"
    ))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How SQLite goes about what the engine asks for every write and every look at the stream.
    #[test]
    fn the_highest_number_is_found_by_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("snapshot.sqlite");
        in_memory().unwrap().vacuum_into(file.to_str().unwrap()).unwrap();
        let connection = Connection::open(&file).unwrap();
        for query in [
            "SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1 FROM _stream_records \
             WHERE table_name = ?1",
            "SELECT event_name FROM _stream_records WHERE table_name = ?1 AND shard_id = ?2 \
             AND CAST(sequence_number AS INTEGER) > ?3 \
             ORDER BY CAST(sequence_number AS INTEGER) ASC LIMIT ?4",
        ] {
            let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
            let parameters = rusqlite::params_from_iter(vec![1; plan.parameter_count()]);
            let steps = plan.query_map(parameters, |row| row.get::<_, String>("detail")).unwrap();
            let steps: Vec<_> = steps.map(Result::unwrap).collect();
            assert_eq!(steps.len(), 1, "{steps:?}");
            assert!(steps[0].contains("INDEX confab_stream_order"), "{steps:?}");
        }
    }

    #[test]
    fn only_the_last_records_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("dynamodb.sqlite");
        drop(Database::new(file.to_str().unwrap()).unwrap());
        for _ in 0..2 {
            mend_file(&file).unwrap();
        }
        let connection = Connection::open(&file).unwrap();
        let count = i64::from(KEPT) + 5;
        connection
            .execute(
                "INSERT INTO _stream_records
                     (table_name, event_name, keys_json, sequence_number, shard_id, created_at)
                 WITH RECURSIVE numbers (number) AS
                     (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < ?1)
                 SELECT 't', 'INSERT', '{}', number, 's', 0 FROM numbers",
                [count],
            )
            .unwrap();
        let range = "SELECT MIN(id), MAX(id) FROM _stream_records";
        let kept = connection.query_row(range, [], |row| Ok((row.get(0)?, row.get(1)?)));
        assert_eq!(kept.unwrap(), (6_i64, count));
    }
}
