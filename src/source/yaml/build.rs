//! Events of the parser to documents.
//!
//! A document is first a flat list of items in the order of the text, where a collection knows how many
//! items it spans. Every anchored item is thereby a range of that list, so an alias costs nothing until the
//! list, whose size has been charged by then, becomes the tree.

mod tree;

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, StructureStyle, Tag};

use super::charge::{Charged, REPEATED, STREAM, most_nodes};
use super::scalar::CoreTag;
use super::{Document, Limits, Style, Tagged, common, errors, place};
use crate::diag::Diag;
use crate::source::{Loc, Source};

/// The tree is built and walked by recursion, so nobody may ask for more depth than a stack has room for.
pub(super) const DEEPEST: usize = 256;

type Failure = Box<Diag>;

pub(super) fn parse(source: &Arc<Source>, limits: &Limits) -> Result<Vec<Document>, Failure> {
    if source.text.len() > limits.bytes {
        let message = format!("the text is larger than {} bytes", limits.bytes);
        return Err(Box::new(errors::limit(&Loc::new(source, 0, 0), message)));
    }
    if let Some((documents, _)) = common::read(source, 0..source.text.len(), limits) {
        return Ok(documents);
    }
    general(source, limits)
}

/// The documents of a text of any kind.
pub(super) fn general(source: &Arc<Source>, limits: &Limits) -> Result<Vec<Document>, Failure> {
    let limits = Limits { depth: limits.depth.min(DEEPEST), ..*limits };
    let mut builder = Builder::new(source, limits, 0);
    for next in parser(&source.text, &limits) {
        match next {
            Ok((event, span)) => builder.take(event, &span)?,
            Err(error) => return Err(Box::new(errors::syntax(source, &error, builder.last_end, &limits))),
        }
    }
    Ok(builder.documents)
}

/// The documents of a part of a text, and what they were charged with. `None` if anything is wrong in it: only
/// who reads the whole can say what.
pub(super) fn parse_part(
    source: &Arc<Source>,
    part: Range<usize>,
    limits: &Limits,
) -> Option<(Vec<Document>, Charged)> {
    if let Some(read) = common::read(source, part.clone(), limits) {
        return Some(read);
    }
    let limits = Limits { depth: limits.depth.min(DEEPEST), ..*limits };
    let text = source.text.get(part.clone())?;
    let mut builder = Builder::new(source, limits, part.start);
    for next in parser(text, &limits) {
        let (event, span) = next.ok()?;
        builder.take(event, &span).ok()?;
    }
    let charged = Charged { nodes: builder.stream_nodes, repeated: builder.repeated };
    Some((builder.documents, charged))
}

fn parser<'a>(text: &'a str, limits: &Limits) -> impl Iterator<Item = Result<(Event<'a>, Span), ScanError>> {
    let mut options = granit_parser::Options::default();
    options.emit_comments = false;
    options.emit_anchor_events = true;
    options.strict_indentation = true;
    options.flow_nesting_limit = limits.depth + 1;
    options.block_nesting_limit = limits.depth + 1;
    Parser::new_from_str_with_options(text, options)
}

/// One node in the flat list.
struct Item<'a> {
    shape: Shape<'a>,
    start: usize,
    end: usize,
    tag: Option<Tagged>,
    anchor: Option<(usize, usize)>,
}

enum Shape<'a> {
    Scalar(Cow<'a, str>, Style),
    /// Items of the list, the collection itself included.
    Seq(usize),
    Map(usize),
    /// The index of the anchored item.
    Alias(usize),
}

/// A collection that is not closed yet.
struct Frame {
    item: usize,
    id: usize,
    map: bool,
    children: usize,
    nodes_before: usize,
    text_before: usize,
    height: usize,
}

/// What an alias stands for.
struct Anchored {
    item: usize,
    nodes: usize,
    text: usize,
    height: usize,
}

struct Builder<'a> {
    source: &'a Arc<Source>,
    /// Where the text of the parser begins in the source.
    base: usize,
    limits: Limits,
    items: Vec<Item<'a>>,
    frames: Vec<Frame>,
    anchors: HashMap<usize, Anchored>,
    nodes: usize,
    stream_nodes: usize,
    /// Bytes of the texts of this document, those that aliases stand for included.
    text: usize,
    /// Bytes that the aliases of the stream stand for.
    repeated: usize,
    last_end: usize,
    explicit: bool,
    documents: Vec<Document>,
}

impl<'a> Builder<'a> {
    fn new(source: &'a Arc<Source>, limits: Limits, base: usize) -> Self {
        Self {
            source,
            base,
            limits,
            items: Vec::new(),
            frames: Vec::new(),
            anchors: HashMap::new(),
            nodes: 0,
            stream_nodes: 0,
            text: 0,
            repeated: 0,
            last_end: base,
            explicit: false,
            documents: Vec::new(),
        }
    }

    fn take(&mut self, event: Event<'a>, span: &Span) -> Result<(), Failure> {
        let range = self.range(span);
        match event {
            Event::DocumentStart(explicit, _) => {
                self.explicit = explicit;
                self.last_end = if explicit { range.end } else { range.start };
            }
            Event::DocumentEnd => self.finish(),
            Event::Alias(id) => return self.alias(id, range.start, range.end),
            Event::Scalar(text, style, id, tag) => return self.scalar(text, style, id, tag.as_deref(), span),
            Event::SequenceStart(style, id, tag) => {
                let start = self.list_start(style, range.start);
                return self.open(Shape::Seq(1), id, tag.as_deref(), (start, span));
            }
            Event::MappingStart(_, id, tag) => {
                return self.open(Shape::Map(1), id, tag.as_deref(), (range.start, span));
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(range.start, range.end),
            Event::Anchor(..) => {
                if let Some(item) = self.items.last_mut() {
                    item.anchor = Some((range.start, range.end));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The place of a span in the source; behind what was read if it has none.
    fn range(&self, span: &Span) -> Range<usize> {
        match span.byte_range() {
            Some(range) => self.base + range.start..self.base + range.end,
            None => self.last_end..self.last_end,
        }
    }

    fn loc(&self, start: usize, end: usize) -> Loc {
        Loc::new(self.source, start, end)
    }

    /// Counts nodes before they exist.
    fn charge(&mut self, nodes: usize, start: usize, end: usize) -> Result<(), Failure> {
        self.nodes = self.nodes.saturating_add(nodes);
        let limit = self.limits.nodes;
        if self.nodes > limit {
            let message = format!("the document has more than {limit} values, aliases included");
            return Err(Box::new(errors::limit(&self.loc(start, end), message)));
        }
        if self.stream_nodes + self.nodes > most_nodes(&self.limits) {
            let message = format!("the documents of this file have more than {limit} times {STREAM} values");
            return Err(Box::new(errors::limit(&self.loc(start, end), message)));
        }
        Ok(())
    }

    /// Refuses a collection or alias whose content would be too deep.
    fn check_depth(&self, more: usize, start: usize, end: usize) -> Result<(), Failure> {
        let limit = self.limits.depth;
        if self.frames.len() + more <= limit {
            return Ok(());
        }
        Err(Box::new(errors::limit(&self.loc(start, end), format!("nested deeper than {limit} levels"))))
    }

    fn add(&mut self, shape: Shape<'a>, tag: Option<&Tag>, span: &Span, (start, end): (usize, usize)) {
        if let Some(frame) = self.frames.last_mut() {
            frame.children += 1;
        }
        let tag = tag.map(|tag| self.tagged(tag, span));
        self.items.push(Item { shape, start, end, tag, anchor: None });
    }

    fn tagged(&self, tag: &Tag, span: &Span) -> Tagged {
        let range = span.tag_span().map_or(self.last_end..self.last_end, |span| self.range(&span));
        let loc = self.loc(range.start, range.end);
        let written = if loc.text().is_empty() { tag.original() } else { loc.text().to_owned() };
        // The lone `!` says that a scalar is not to be resolved, so it is a text.
        let core =
            if written == "!" { Some(CoreTag::Str) } else { tag.core_suffix().and_then(CoreTag::find) };
        Tagged { text: written.into(), loc, core }
    }

    fn scalar(
        &mut self,
        text: Cow<'a, str>,
        style: ScalarStyle,
        id: usize,
        tag: Option<&Tag>,
        span: &Span,
    ) -> Result<(), Failure> {
        let range = self.range(span);
        let style = notation(style);
        let missing = range.is_empty() && style == Style::Plain;
        let (start, end) = match style {
            Style::Plain if missing => (self.behind_colon(range.start), self.behind_colon(range.start)),
            Style::Literal | Style::Folded => {
                place::block_range(&self.source.text, &text, self.last_end, &range)
            }
            _ => (range.start, range.end),
        };
        self.charge(1, start, end)?;
        let text = if missing { Cow::Borrowed("") } else { text };
        let bytes = text.len();
        self.text += bytes;
        self.add(Shape::Scalar(text, style), tag, span, (start, end));
        self.last_end = self.last_end.max(end);
        if id != 0 {
            self.anchors
                .insert(id, Anchored { item: self.items.len() - 1, nodes: 1, text: bytes, height: 0 });
        }
        Ok(())
    }

    /// A missing value is reported before its colon and belongs behind it.
    fn behind_colon(&self, offset: usize) -> usize {
        let value = self.frames.last().is_some_and(|frame| frame.map && frame.children % 2 == 1);
        let colon = self.source.text.as_bytes().get(offset) == Some(&b':');
        if value && colon { offset + 1 } else { offset }
    }

    /// A list at the indent of its key is reported at its first value instead of its first dash.
    fn list_start(&self, style: StructureStyle, reported: usize) -> usize {
        let Some(frame) = self.frames.last().filter(|frame| frame.map) else { return reported };
        let map_start = self.items.get(frame.item).map_or(0, |item| item.start);
        let text = &*self.source.text;
        let start = place::skip_to_content(text, self.last_end.max(map_start), ":?");
        let dash = text.as_bytes().get(start) == Some(&b'-');
        if style == StructureStyle::Block && dash && start < reported { start } else { reported }
    }

    fn alias(&mut self, id: usize, start: usize, end: usize) -> Result<(), Failure> {
        let Some(target) = self.anchors.get(&id) else {
            return Err(Box::new(errors::circular(&self.loc(start, end))));
        };
        let Anchored { item, nodes, text, height } = *target;
        self.check_depth(height, start, end)?;
        self.charge(nodes, start, end)?;
        self.text += text;
        self.repeated += text;
        if self.repeated > REPEATED {
            let message = format!("aliases repeat more than {REPEATED} bytes of text");
            return Err(Box::new(errors::limit(&self.loc(start, end), message)));
        }
        if let Some(frame) = self.frames.last_mut() {
            frame.height = frame.height.max(height);
        }
        self.add(Shape::Alias(item), None, &Span::default(), (start, end));
        self.last_end = self.last_end.max(end);
        Ok(())
    }

    fn open(
        &mut self,
        shape: Shape<'a>,
        id: usize,
        tag: Option<&Tag>,
        (start, span): (usize, &Span),
    ) -> Result<(), Failure> {
        self.check_depth(1, start, start)?;
        let (nodes_before, text_before) = (self.nodes, self.text);
        self.charge(1, start, start)?;
        let map = matches!(shape, Shape::Map(_));
        self.add(shape, tag, span, (start, start));
        let item = self.items.len() - 1;
        self.frames.push(Frame { item, id, map, children: 0, nodes_before, text_before, height: 0 });
        Ok(())
    }

    fn close(&mut self, start: usize, end: usize) {
        let Some(frame) = self.frames.pop() else { return };
        // Only a bracket is an end of its own; a block ends where its last value does.
        if end > start {
            self.last_end = self.last_end.max(end);
        }
        let span = self.items.len() - frame.item;
        if let Some(item) = self.items.get_mut(frame.item) {
            item.end = self.last_end.max(item.start);
            item.shape = if frame.map { Shape::Map(span) } else { Shape::Seq(span) };
        }
        let height = frame.height + 1;
        if let Some(parent) = self.frames.last_mut() {
            parent.height = parent.height.max(height);
        }
        if frame.id != 0 {
            let (nodes, text) = (self.nodes - frame.nodes_before, self.text - frame.text_before);
            self.anchors.insert(frame.id, Anchored { item: frame.item, nodes, text, height });
        }
    }

    fn finish(&mut self) {
        let root = self.node(0).0.unwrap_or_else(|| tree::missing(self.loc(self.last_end, self.last_end)));
        self.documents.push(Document { root, explicit: self.explicit });
        self.items.clear();
        self.frames.clear();
        self.anchors.clear();
        self.stream_nodes += self.nodes;
        self.nodes = 0;
        self.text = 0;
    }
}

fn notation(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted => Style::Single,
        ScalarStyle::DoubleQuoted => Style::Double,
        ScalarStyle::Literal => Style::Literal,
        ScalarStyle::Folded => Style::Folded,
    }
}
