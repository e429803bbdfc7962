//! What a policy reads: which facts stand behind a column, and which of them somebody wants.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Expect, FactAt, Group, Join, Policy, View, ViewKind};
use crate::fact::{Field, Schema};
use crate::rule::Rule;
use crate::rule::node::{Fold, Node, Op, Place};
use crate::rule::template::Template;

impl Policy {
    /// The view whose rows are judged.
    pub fn row_view(&self) -> Option<&View> {
        self.views.get(self.each)
    }

    /// The shape of the rows that are judged.
    pub fn row_schema(&self) -> Option<&Arc<Schema>> {
        self.row_view().map(|view| &view.rows.schema)
    }

    /// The column that a place reads, if it reads one.
    pub fn column(&self, place: &Place) -> Option<(usize, usize)> {
        match place {
            Place::Each(column) | Place::Side(column) => Some((self.each, *column)),
            Place::Observation(view, column) => Some((*view, *column)),
            _ => None,
        }
    }

    /// The field behind a place, if it is a fact or made of facts.
    pub fn field(&self, place: &Place) -> Option<&Field> {
        let (view, column) = self.column(place)?;
        self.views.get(view)?.rows.schema.fields.get(column)
    }

    /// The facts behind a column of a view. A column that is computed has those that its computation reads.
    pub fn facts_of(&self, view: usize, column: usize) -> Vec<FactAt> {
        let Some(found) = self.views.get(view) else { return Vec::new() };
        match &found.kind {
            ViewKind::Observed(observation) => vec![(*observation, column, false)],
            ViewKind::Before(observation) => match found.rows.side {
                Some(side) if column > side => vec![(*observation, column - side - 1, true)],
                Some(side) if column == side => Vec::new(),
                _ => vec![(*observation, column, false)],
            },
            ViewKind::Join(join) => self.joined_facts(found, join, column),
            ViewKind::Group(group) => match (group.by.get(column), column.checked_sub(group.by.len())) {
                (Some(key), _) => self.facts_of(group.of, *key),
                (None, Some(index)) => self.folded_facts(group, index),
                _ => Vec::new(),
            },
        }
    }

    fn joined_facts(&self, view: &View, join: &Join, column: usize) -> Vec<FactAt> {
        let part = view.rows.parts.iter().enumerate().find(|(_, part)| part.columns.contains(&column));
        match (join.by.get(column), part) {
            (Some([left, right]), _) => {
                let [a, b] = join.sides;
                let mut both = self.facts_of(a, *left);
                both.extend(self.facts_of(b, *right));
                both
            }
            (None, Some((number, part))) => {
                let side = join.sides.get(number).copied();
                side.map_or_else(Vec::new, |side| self.facts_of(side, column - part.columns.start))
            }
            _ => Vec::new(),
        }
    }

    fn folded_facts(&self, group: &Group, index: usize) -> Vec<FactAt> {
        let mut facts = Vec::new();
        let reads = group.lets.get(index).into_iter().flat_map(|rule| &rule.reads);
        for place in reads {
            match place {
                Place::Each(key) => {
                    facts.extend(group.by.get(*key).into_iter().flat_map(|c| self.facts_of(group.of, *c)));
                }
                Place::Fold(fold) => {
                    let nodes = group.folds.get(*fold).into_iter().flat_map(Fold::nodes);
                    for read in nodes.flat_map(|node| Rule::new(node.clone()).reads) {
                        match read {
                            Place::Each(column) | Place::Side(column) => {
                                facts.extend(self.facts_of(group.of, column));
                            }
                            Place::Observation(view, column) => facts.extend(self.facts_of(view, column)),
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        facts
    }

    /// Every rule of the policy.
    pub fn rules(&self) -> Vec<&Rule> {
        let mut rules: Vec<&Rule> = Vec::new();
        rules.extend(self.filter.as_deref().into_iter().chain(self.when.as_deref()));
        rules.extend(self.lets.iter().map(|l| &l.rule));
        for rung in self.fail.iter().chain(&self.warn) {
            rules.push(&rung.rule);
            rules.extend(rung.message.iter().flat_map(Template::rules));
        }
        rules.extend(self.severity.rungs.iter().map(|(_, rule)| rule));
        rules.extend(self.message.iter().flat_map(Template::rules));
        for step in &self.remedy {
            rules.extend(step.text.rules().chain(step.condition.iter()));
        }
        if let Some(alert) = &self.alert {
            rules.extend(alert.urgency.rungs.iter().map(|(_, rule)| rule).chain(&alert.context));
        }
        rules
    }

    /// The aggregates of every group with what is computed of them.
    fn group_nodes(&self) -> impl Iterator<Item = &Node> {
        let groups = self.views.iter().filter_map(|view| match &view.kind {
            ViewKind::Group(group) => Some(group),
            _ => None,
        });
        groups.flat_map(|group| {
            group.lets.iter().map(|rule| &rule.node).chain(group.folds.iter().flat_map(Fold::nodes))
        })
    }

    /// Does what is computed of a group read this place?
    pub fn groups_read(&self, place: &Place) -> bool {
        let mut found = false;
        for node in self.group_nodes() {
            node.walk(&mut |part| found |= matches!(&part.op, Op::Read(read) if read == place));
        }
        found
    }

    /// The views whose rows are subjects, are expected, or are read by their name.
    pub fn views_read(&self) -> BTreeSet<usize> {
        let mut read = BTreeSet::from([self.each]);
        if let Expect::Keys(view) = &self.expect {
            read.insert(*view);
        }
        let rules = self.rules();
        for node in rules.iter().map(|rule| &rule.node).chain(self.group_nodes()) {
            node.walk(&mut |part| {
                if let Op::Read(Place::Observation(view, _)) = &part.op {
                    read.insert(*view);
                }
            });
        }
        read
    }

    /// The calendars that a rule asks.
    pub fn calendars(&self) -> BTreeSet<Arc<str>> {
        let mut names = BTreeSet::new();
        let rules = self.rules();
        for node in rules.iter().map(|rule| &rule.node).chain(self.group_nodes()) {
            node.walk(&mut |part| {
                if let Op::Read(Place::During(name)) = &part.op {
                    names.insert(Arc::clone(name));
                }
            });
        }
        names
    }

    /// The columns that something reads: rules, messages, remedies, scripts, keys of rows, joins and groups.
    fn columns_read(&self) -> Vec<(usize, usize)> {
        let mut columns: Vec<(usize, usize)> =
            self.rules().iter().flat_map(|rule| &rule.reads).filter_map(|place| self.column(place)).collect();
        if let (Some(script), Some(schema)) = (&self.script, self.row_schema()) {
            let named = script.reads.iter().filter_map(|name| schema.position(name));
            columns.extend(named.map(|column| (self.each, column)));
        }
        for (index, view) in self.views.iter().enumerate() {
            columns.extend(view.rows.schema.key.iter().map(|column| (index, *column)));
            match &view.kind {
                ViewKind::Join(join) => {
                    let [a, b] = join.sides;
                    columns.extend(join.by.iter().flat_map(|[left, right]| [(a, *left), (b, *right)]));
                }
                ViewKind::Group(group) => {
                    columns.extend(group.by.iter().map(|column| (group.of, *column)));
                    // What chooses or orders members decides all that is computed of them.
                    let computed = group.by.len()..group.by.len() + group.lets.len();
                    columns.extend(computed.map(|column| (index, column)));
                }
                ViewKind::Observed(_) | ViewKind::Before(_) => {}
            }
        }
        columns
    }

    /// Which fields of an observation are wanted: those that rules, messages, remedies, scripts and the key read.
    pub fn wants(&self, observation: usize) -> Vec<bool> {
        let Some(observe) = self.observe.get(observation) else { return Vec::new() };
        let mut wants = vec![false; observe.asked.fields.len()];
        observe.asked.key.iter().copied().for_each(|index| want(&mut wants, index));
        for (view, column) in self.columns_read() {
            for (of, field, _) in self.facts_of(view, column) {
                if of == observation {
                    want(&mut wants, field);
                }
            }
        }
        wants
    }

    /// Names of the facts of an observation whose samples a rule asks for.
    pub fn sampled(&self, observation: usize) -> Vec<Arc<str>> {
        let mut fields = vec![false; self.observe.get(observation).map_or(0, |o| o.asked.fields.len())];
        for rule in self.rules() {
            rule.node.walk(&mut |node| {
                let Op::History(_, parts) = &node.op else { return };
                let Some(Op::Read(place)) = parts.first().map(|part| &part.op) else { return };
                let Some((view, column)) = self.column(place) else { return };
                for (of, field, _) in self.facts_of(view, column) {
                    if of == observation {
                        want(&mut fields, field);
                    }
                }
            });
        }
        let names = self.observe.get(observation).map(|o| &o.asked.fields).into_iter().flatten();
        names.zip(fields).filter(|(_, wanted)| *wanted).map(|(field, _)| Arc::clone(&field.name)).collect()
    }
}

fn want(wants: &mut [bool], index: usize) {
    if let Some(slot) = wants.get_mut(index) {
        *slot = true;
    }
}
