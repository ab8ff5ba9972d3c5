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
    of_kind(tree, "CompositorNodeOutputFile").iter().filter_map(file_output).collect()
}

/// Whether a tree or a group in it has a node of a kind.
pub(super) fn has(tree: &Record<'_, '_>, kind: &str) -> bool {
    !of_kind(tree, kind).is_empty()
}

/// The nodes of a kind in a tree and in the groups in it, each group looked at once.
fn of_kind<'f, 's>(tree: &Record<'f, 's>, kind: &str) -> Vec<Record<'f, 's>> {
    let mut found = Vec::new();
    let mut seen = HashSet::from([tree.entry()]);
    // Nodes that are still to be looked at, the next one last.
    let mut nodes = tree.list("nodes");
    nodes.reverse();
    while let Some(node) = nodes.pop() {
        if node.text("idname").as_deref() == Some(kind) {
            found.push(node);
            continue;
        }
        let group = node.follow("id").filter(|group| group.is("bNodeTree"));
        if let Some(group) = group.filter(|group| seen.insert(group.entry())) {
            nodes.extend(group.list("nodes").into_iter().rev());
        }
    }
    found
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
