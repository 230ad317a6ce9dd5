//! Reservations of names: an item for each key of a name, written in one transaction with what has it.

use std::collections::HashMap;

use super::item::{Item, text};
use super::key::{Key, keys_of};
use super::{Store, keys};
use crate::Error;
use crate::domain::name::Keys;

/// Marks a reservation of what only looks like the name: nobody is found by it.
pub(super) const ALIKE: &str = "alike";

impl Store {
    /// Those reservations that there are, strongly consistent and in the order asked; in one request.
    pub(super) async fn reservations(
        &self,
        pks: &[String],
        sk: &'static str,
        action: &'static str,
    ) -> Result<Vec<Item>, Error> {
        if let [pk] = pks {
            return Ok(self.item(Key::new(pk, sk), action).await?.into_iter().collect());
        }
        if pks.is_empty() {
            return Ok(Vec::new());
        }
        let wanted = keys_of(pks.iter().map(|pk| Key::new(pk, sk))).consistent_read(true);
        let found = self.batch(wanted, action).await?;
        let mut found = found
            .into_iter()
            .map(|item| Ok((text(&item, keys::PK)?, item)))
            .collect::<Result<HashMap<_, _>, Error>>()?;
        Ok(pks.iter().filter_map(|pk| found.remove(pk)).collect())
    }
}

/// Every partition that reserves a name, each with whether the name is found there.
pub(super) fn places(names: &Keys, pk: impl Fn(&str) -> String) -> Vec<(String, bool)> {
    let found = names.found.iter().map(|key| (pk(key), true));
    found.chain(names.alike.iter().map(|key| (pk(key), false))).collect()
}

/// Whether a name is found by this reservation.
pub(super) fn finds(item: &Item) -> bool {
    !item.contains_key(ALIKE)
}
