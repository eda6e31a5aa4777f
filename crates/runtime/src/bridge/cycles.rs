//! Cycles that go through both heaps. Each collector sees the other's reference as a root, so neither would ever free them.
//!
//! Python's side is looked at first, as its own collector does it: from the objects that JavaScript holds, along what each refers to.
//! Where an object has more references than were met on the way, something outside holds it, and whatever it leads to. What is left lives by
//! JavaScript alone. What such an object leads to of JavaScript's is then told to JavaScript's heap as edges from its handle (`cycles.js`), Python's
//! own roots of it are taken away, and JavaScript's collector decides. What lived gets its root back.
//!
//! Everything errs to one side: a reference that is not understood (a C structure that does not say what it holds, an iterator, a call under
//! way) keeps what it refers to. Modules end the search; what their variables hold is held from outside.
//!
//! One look costs what a full collection of both heaps costs that are looked at. It happens by itself when the objects that JavaScript holds have
//! doubled, and then gives up where too much hangs on them (rule BOUNDED).

use std::cell::Cell;
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::ops::Range;
use std::rc::Rc;

use hashbrown::{DefaultHashBuilder, HashTable};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{
    PyBool, PyBytes, PyCode, PyDict, PyFloat, PyInt, PyList, PyModule, PyNone, PyString,
};
use twinloop_js::engine::{Error, Local, Scope};
use twinloop_loop::Entry;

use super::{Bridge, Helper};
use crate::crossing::must_leave;
use crate::js_in_python::JsProxy;

/// From so many objects held by JavaScript on, cycles are looked for without being asked.
const FIRST: usize = 1000;

/// How many Python objects are looked at without being asked: so many, and so many more for each that JavaScript holds.
const LOOKED_AT: usize = 50_000;
const LOOKED_AT_EACH: usize = 50;

/// In the place of a node that is none.
const NO_NODE: u32 = u32::MAX;

/// The most looks in a row: what one sets free may hold more.
const ROUNDS: usize = 8;

/// When the next look comes by itself.
pub(super) struct Looking {
    next: Cell<usize>,
    is_due: Cell<bool>,
}

impl Default for Looking {
    fn default() -> Self {
        Looking {
            next: Cell::new(FIRST),
            is_due: Cell::new(false),
        }
    }
}

impl Bridge {
    /// Called when JavaScript got hold of one more Python object, which may not be the moment.
    pub(super) fn look_for_cycles_later(&self) {
        let looking = &self.looking;
        if self.handles.count() < looking.next.get() || looking.is_due.replace(true) {
            return;
        }
        self.event_loop.push(Entry::call(|_| {
            let Some(bridge) = super::lifecycle::here() else {
                return;
            };
            bridge.looking.is_due.set(false);
            Python::attach(|py| {
                let most = LOOKED_AT + LOOKED_AT_EACH * bridge.handles.count();
                match bridge.look_for_cycles(py, most) {
                    // The program is ending, with `process.exit` or Ctrl-C.
                    Err(error) if must_leave(py, &error) => {
                        crate::program::raise_from_loop(py, error);
                    }
                    Err(error) => error.write_unraisable(py, None),
                    Ok(_) => {}
                }
            });
            let next = FIRST.max(2 * bridge.handles.count());
            bridge.looking.next.set(next);
        }));
    }

    /// Collects both heaps and what cycles go through both; the number of JavaScript objects that were freed although Python held
    /// them. `None`, and nothing done, while JavaScript is on the stack.
    pub(crate) fn collect(self: &Rc<Self>, py: Python<'_>) -> PyResult<Option<usize>> {
        let gc = py.import(intern!(py, "gc"))?;
        let mut freed = 0;
        let mut before = None;
        for _ in 0..ROUNDS {
            if !self.checkpoint() {
                return Ok(None);
            }
            self.enter(py, |crossing| {
                crossing.scope.collect_unkept();
                crossing.scope.drop_collected();
                Ok(())
            })?;
            // Memory of Python's that JavaScript's collector has found unused, in an earlier round at the latest: the engine frees it beside.
            twinloop_py::release_returned();
            gc.call_method0(intern!(py, "collect"))?;
            let left = (self.keys.count(), self.handles.count());
            if before.replace(left) == Some(left) {
                break;
            }
            let Some(found) = self.look_for_cycles(py, usize::MAX)? else {
                return Ok(None);
            };
            freed += found;
        }
        Ok(Some(freed))
    }

    /// One look, unless JavaScript is on the stack: at most so many Python objects.
    fn look_for_cycles(self: &Rc<Self>, py: Python<'_>, most: usize) -> PyResult<Option<usize>> {
        if !self.checkpoint() {
            return Ok(None);
        }
        self.enter(py, |crossing| {
            let scope = crossing.scope;
            let asked = scope.nested(|scope| {
                let handles = self.handles.live();
                let Some(findings) = self.graph_of(py, &handles, most)?.findings() else {
                    return Ok(Vec::new());
                };
                crossing.of_js(self.mirror(scope, &handles, &findings))?;
                for index in &findings.held {
                    self.keys.weaken(*index);
                }
                Ok::<_, PyErr>(findings.held)
            })?;
            if asked.is_empty() {
                return Ok(Some(0));
            }
            // What was looked at a moment ago, and asked for through weak references, is kept for nobody.
            scope.collect_unkept();
            let freed = scope.nested(|scope| crossing.of_js(self.restore(scope, &asked)))?;
            scope.drop_collected();
            Ok(Some(freed))
        })
    }

    /// Tells JavaScript's heap what its handles lead to.
    fn mirror(&self, scope: &Scope<'_>, handles: &[u32], findings: &Findings) -> Result<(), Error> {
        let number = |number: usize| scope.number(number as f64);
        let edges: Vec<Local<'_>> = findings.edges.iter().map(|end| number(*end)).collect();
        let objects: Vec<Local<'_>> = findings
            .held
            .iter()
            .map(|index| {
                self.value_at(scope, *index)
                    .unwrap_or_else(Local::undefined)
            })
            .collect();
        let entries: Vec<Local<'_>> = findings
            .entries
            .iter()
            .filter_map(|(handle, node)| {
                Some([self.handle(scope, handles[*handle])?, number(*node)])
            })
            .flatten()
            .collect();
        let values = [
            number(findings.nodes),
            scope.array(&edges)?,
            scope.array(&objects)?,
            scope.array(&entries)?,
        ];
        self.help(scope, Helper::Mirror, &values).map(drop)
    }

    /// Gives what lived its root back; the number of those that did not.
    fn restore(&self, scope: &Scope<'_>, asked: &[usize]) -> Result<usize, Error> {
        let survivors = self.help(scope, Helper::Survivors, &[])?;
        let mut freed = 0;
        for (at, index) in asked.iter().enumerate() {
            scope.nested(|scope| {
                let value = scope.get(survivors, u32::try_from(at).unwrap_or(u32::MAX))?;
                if value.is_undefined() {
                    freed += 1;
                } else {
                    self.keys.strengthen(*index, scope.persist(value));
                }
                Ok::<_, Error>(())
            })?;
        }
        Ok(freed)
    }
}

/// What hangs on the Python objects that JavaScript holds. There may be millions, and what a look takes is not given back to the system: small.
#[derive(Default)]
struct Graph<'py> {
    nodes: Vec<Node<'py>>,
    /// The nodes by their objects' addresses.
    indices: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// What each node leads to, one node's behind the other's.
    edges: Vec<u32>,
    /// The node of each handle.
    entries: Vec<u32>,
    is_whole: bool,
}

struct Node<'py> {
    object: Bound<'py, PyAny>,
    /// How many references to it were met.
    met: u32,
    /// Where its edges begin.
    edges: u32,
    /// Where its value stands among the keys, if it is a `JsProxy`.
    held: Option<u32>,
    is_held_outside: bool,
}

/// What JavaScript's heap is to be told, and asked.
struct Findings {
    /// Number of nodes; the objects of JavaScript follow in numbering.
    nodes: usize,
    /// From, to, and so on.
    edges: Vec<usize>,
    /// The keys of the objects that only such nodes hold.
    held: Vec<usize>,
    /// A handle by its place, and its node.
    entries: Vec<(usize, usize)>,
}

impl Bridge {
    /// What hangs on what these handles own; not the whole of it if that is more than `most` objects.
    fn graph_of<'py>(&self, py: Python<'py>, handles: &[u32], most: usize) -> PyResult<Graph<'py>> {
        static REFERENTS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let referents = REFERENTS.import(py, "gc", "get_referents")?;
        let mut graph = Graph::default();
        for handle in handles {
            let object = self.handles.object(py, *handle);
            let node = object.map_or(NO_NODE, |object| graph.meet(object));
            graph.entries.push(node);
        }
        let mut next = 0;
        while next < graph.nodes.len() {
            if next >= most {
                return Ok(graph);
            }
            let object = graph.nodes[next].object.clone();
            graph.nodes[next].edges = graph.edges.len() as u32;
            if ends_search(&object) {
                graph.nodes[next].is_held_outside = true;
            } else {
                let found = referents.call1((&object,))?;
                for found in found.cast_into::<PyList>()?.iter() {
                    if !is_plain(&found) {
                        graph.lead_to(found);
                    }
                }
                if let Ok(proxy) = object.cast::<JsProxy>()
                    && let Some(receiver) = proxy.get().held_receiver()
                {
                    graph.lead_to(receiver.bind(py).clone().into_any());
                }
            }
            next += 1;
        }
        graph.is_whole = true;
        Ok(graph)
    }
}

impl<'py> Graph<'py> {
    /// Counts one more reference to this object, the one that is given not among them.
    fn meet(&mut self, object: Bound<'py, PyAny>) -> u32 {
        let address = |object: &Bound<'_, PyAny>| object.as_ptr() as usize;
        let (nodes, hasher) = (&mut self.nodes, &self.hasher);
        let hash = hasher.hash_one(address(&object));
        let known = self
            .indices
            .find(hash, |index| nodes[*index as usize].object.is(&object));
        if let Some(&index) = known {
            nodes[index as usize].met += 1;
            return index;
        }
        let index = nodes.len() as u32;
        self.indices.insert_unique(hash, index, |index| {
            hasher.hash_one(address(&nodes[*index as usize].object))
        });
        let held = object.cast::<JsProxy>().ok();
        nodes.push(Node {
            held: held.and_then(|proxy| Some(proxy.get().held_at()? as u32)),
            object,
            met: 1,
            edges: 0,
            is_held_outside: false,
        });
        index
    }

    /// The node that is looked at leads to this object.
    fn lead_to(&mut self, object: Bound<'py, PyAny>) {
        let index = self.meet(object);
        self.edges.push(index);
    }

    /// Where the edges of a node stand, in a graph that is whole.
    fn edges_of(&self, index: usize) -> Range<usize> {
        let end = self.nodes.get(index + 1).map(|next| next.edges as usize);
        self.nodes[index].edges as usize..end.unwrap_or(self.edges.len())
    }

    fn leads_to(&self, index: usize) -> &[u32] {
        &self.edges[self.edges_of(index)]
    }

    /// What may be garbage, if there is any.
    fn findings(mut self) -> Option<Findings> {
        if !self.is_whole {
            return None;
        }
        self.spread_from_outside();
        let is_held = |node: &Node<'_>| node.held.is_some() && !node.is_held_outside;
        let targets: Vec<usize> = (0..self.nodes.len())
            .filter(|index| is_held(&self.nodes[*index]))
            .collect();
        if targets.is_empty() {
            return None;
        }
        let leads = self.leading_to(&targets);
        // Proxies may lead on to their receivers, so they are nodes like all others, each with an edge to its value.
        let mut numbers = HashMap::new();
        for index in (0..self.nodes.len()).filter(|index| leads[*index]) {
            numbers.insert(index, numbers.len());
        }
        let nodes = numbers.len();
        let mut edges = Vec::new();
        let mut held = Vec::new();
        for (&index, &number) in &numbers {
            for to in self.leads_to(index) {
                if let Some(to) = numbers.get(&(*to as usize)) {
                    edges.extend([number, *to]);
                }
            }
            if let Some(key) = self.nodes[index].held {
                edges.extend([number, nodes + held.len()]);
                held.push(key as usize);
            }
        }
        let entries = self
            .entries
            .iter()
            .enumerate()
            .filter_map(|(handle, node)| Some((handle, *numbers.get(&(*node as usize))?)))
            .collect();
        Some(Findings {
            nodes,
            edges,
            held,
            entries,
        })
    }

    /// Marks what is held from outside, and what that leads to.
    fn spread_from_outside(&mut self) {
        let mut outside: Vec<usize> = Vec::new();
        for (index, node) in self.nodes.iter_mut().enumerate() {
            // One reference is the node's own.
            let known = node.met as usize + 1;
            node.is_held_outside |= twinloop_py::reference_count(&node.object) > known;
            if node.is_held_outside {
                outside.push(index);
            }
        }
        while let Some(index) = outside.pop() {
            for edge in self.edges_of(index) {
                let to = self.edges[edge] as usize;
                if !std::mem::replace(&mut self.nodes[to].is_held_outside, true) {
                    outside.push(to);
                }
            }
        }
    }

    /// Which nodes lead to these, themselves among them.
    fn leading_to(&self, targets: &[usize]) -> Vec<bool> {
        // To, from: the edges backwards.
        let mut back: Vec<(u32, u32)> = Vec::new();
        for index in (0..self.nodes.len()).filter(|index| !self.nodes[*index].is_held_outside) {
            back.extend(self.leads_to(index).iter().map(|to| (*to, index as u32)));
        }
        back.sort_unstable();
        let mut leads = vec![false; self.nodes.len()];
        let mut next: Vec<usize> = targets.to_vec();
        while let Some(index) = next.pop() {
            if !self.nodes[index].is_held_outside && !std::mem::replace(&mut leads[index], true) {
                let first = back.partition_point(|(to, _)| (*to as usize) < index);
                let from = back[first..].iter();
                let from = from.take_while(|(to, _)| *to as usize == index);
                next.extend(from.map(|(_, from)| *from as usize));
            }
        }
        leads
    }
}

/// Whether this can refer to nothing, as most objects cannot.
fn is_plain(object: &Bound<'_, PyAny>) -> bool {
    object.is_exact_instance_of::<PyString>()
        || object.is_exact_instance_of::<PyInt>()
        || object.is_exact_instance_of::<PyNone>()
        || object.is_exact_instance_of::<PyFloat>()
        || object.is_exact_instance_of::<PyBool>()
        || object.is_exact_instance_of::<PyBytes>()
        || object.is_exact_instance_of::<PyCode>()
}

/// Whether this is a module, or the variables of one.
fn ends_search(object: &Bound<'_, PyAny>) -> bool {
    if object.is_instance_of::<PyModule>() {
        return true;
    }
    object.cast_exact::<PyDict>().is_ok_and(|dict| {
        matches!(
            dict.contains(intern!(object.py(), "__builtins__")),
            Ok(true)
        )
    })
}
