//! Node trees: the compositor's File Output nodes.

use std::collections::HashSet;

use super::output::file_format;
use super::types::FileOutput;
use crate::record::Record;

/// Bit of `bNode.flag`.
const MUTED: i32 = 1 << 9;

/// Whether a node is muted.
pub(super) fn is_muted(node: &Record<'_, '_>) -> bool {
    node.flag("flag", MUTED)
}

/// The tree of a scene's compositor, if it is used.
pub(super) fn compositor<'f, 's>(scene: &Record<'f, 's>) -> Option<Record<'f, 's>> {
    if scene.has("compositing_node_group") {
        return scene.follow("compositing_node_group");
    }
    if scene.flag("use_nodes", 1) { scene.follow("nodetree") } else { None }
}

/// All File Output nodes of a tree and of the groups in it.
pub(super) fn file_outputs(tree: &Record<'_, '_>) -> Vec<FileOutput> {
    of_kind(tree, "CompositorNodeOutputFile").found.iter().filter_map(file_output).collect()
}

/// Whether a tree or a group in it has a node of a kind. None where some of it is in another file.
pub(super) fn find(tree: &Record<'_, '_>, kind: &str) -> Option<bool> {
    let nodes = of_kind(tree, kind);
    if nodes.found.is_empty() && nodes.elsewhere { None } else { Some(!nodes.found.is_empty()) }
}

/// Nodes of a tree and of the groups in it.
struct Nodes<'f, 's> {
    found: Vec<Record<'f, 's>>,
    /// Whether the tree or a group in it is in another file.
    elsewhere: bool,
}

/// The nodes of a kind in a tree and in the groups in it, each group looked at once.
fn of_kind<'f, 's>(tree: &Record<'f, 's>, kind: &str) -> Nodes<'f, 's> {
    let is_elsewhere = |block: &Record<'_, '_>| block.is("ID") && block.full_name().starts_with("NT");
    let mut elsewhere = is_elsewhere(tree);
    let mut found = Vec::new();
    let mut seen = HashSet::from([tree.entry()]);
    // Nodes that are still to be looked at, the next one last.
    let mut nodes = if elsewhere { Vec::new() } else { tree.list("nodes") };
    nodes.reverse();
    while let Some(node) = nodes.pop() {
        if node.text("idname").as_deref() == Some(kind) {
            found.push(node);
            continue;
        }
        let Some(group) = node.follow("id") else { continue };
        elsewhere |= is_elsewhere(&group);
        if group.is("bNodeTree") && seen.insert(group.entry()) {
            nodes.extend(group.list("nodes").into_iter().rev());
        }
    }
    Nodes { found, elsewhere }
}

fn file_output(node: &Record<'_, '_>) -> Option<FileOutput> {
    let storage = node.follow("storage")?;
    let file_format = file_format(storage.int("format.imtype").unwrap_or_default());
    let layers = file_format == "OPEN_EXR_MULTILAYER";
    // From 5.0 on the node lists what it writes; before, each input has a slot.
    let is_new = storage.has("items");
    let items: Vec<String> = if is_new {
        let items = storage.follow("items").map(|items| items.array()).unwrap_or_default();
        items.iter().map(|item| item.text("name").unwrap_or_default()).collect()
    } else {
        let slots = node.list("inputs").into_iter().filter_map(|input| input.follow("storage"));
        slots.map(|slot| slot.text(if layers { "layer" } else { "path" }).unwrap_or_default()).collect()
    };
    Some(FileOutput {
        node: node.text("name").unwrap_or_default(),
        label: node.text("label").unwrap_or_default(),
        path: storage.text("base_path").unwrap_or_default(),
        file_name: is_new.then(|| storage.text("file_name").unwrap_or_default()),
        file_format,
        mute: is_muted(node),
        items,
    })
}
