//! `controls:`: ids for audits, which a framework has to know.

use std::sync::Arc;

use super::Decoder;
use crate::diag::{Diag, code};
use crate::policy::frameworks::Frameworks;
use crate::policy::nodes::{items, texts};
use crate::source::yaml::Node;

impl Decoder<'_> {
    /// The ids as they are written. One that no framework has would be an answer to nothing.
    pub(super) fn controls(&mut self, node: Option<&Node>) -> Vec<Arc<str>> {
        let none = Frameworks::default();
        let known = self.around.controls.as_deref().unwrap_or(&none);
        let faults: Vec<Diag> = items(node)
            .iter()
            .filter_map(|item| {
                let fault = known.find(item.as_str()?).err()?;
                Some(Diag::error(&code::UNKNOWN_CONTROL, fault.message).at(&item.loc, "").help(fault.help))
            })
            .collect();
        faults.into_iter().for_each(|fault| self.push(fault));
        texts(node)
    }
}
