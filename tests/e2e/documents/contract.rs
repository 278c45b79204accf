//! Writes the book's page of the contract from the WIT.

use wit_parser::{
    Docs, Function, Interface, Resolve, Type, TypeDef, TypeDefKind, World, WorldItem, WorldKey,
};

use super::page::{check_generated, root};

const HEAD: &str = "\
# The contract

What a plugin exports and what crosses the wall, as WIT: the package `actionbox:plugin`, which every project carries in its folder
`wit/`. The SDKs wrap it; this page is for whoever wants to know what exactly they wrap, or writes an SDK for another language. It is
written from the WIT by a test.

";

#[test]
fn the_page_of_the_contract_tells_all_that_the_wit_says() {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(root().join("wit")).expect("the WIT is valid");
    let package = &resolve.packages[package];
    let world = |name: &str| &resolve.worlds[package.worlds[name]];
    let interface = |name: &str| &resolve.interfaces[package.interfaces[name]];
    let page = [
        HEAD.to_owned(),
        describe_world(&resolve, world("plugin")),
        describe_functions(&resolve, "Functions", "actions", interface("actions")),
        format!("## Types\n\n{}\n\n", prose(&interface("types").docs)),
        describe_types(&resolve, interface("types")),
        describe_functions(&resolve, "Typed requests", "upstream", interface("upstream")),
        describe_types(&resolve, interface("upstream")),
        format!(
            "## The other world\n\n`plugin-with-upstream`. {}\n",
            prose(&world("plugin-with-upstream").docs)
        ),
    ];
    assert_eq!(
        (package.worlds.len(), package.interfaces.len()),
        (2, 3),
        "a world or an interface is left out"
    );
    check_generated("docs/contract.md", &page.concat());
}

fn describe_world(resolve: &Resolve, world: &World) -> String {
    let names = |items: &mut dyn Iterator<Item = (&WorldKey, &WorldItem)>| {
        let names: Vec<_> = items.map(|(key, _)| format!("- `{}`", resolve.name_world_key(key))).collect();
        names.join("\n")
    };
    format!(
        "## The world\n\n{}\n\nIt exports\n\n{}\n\nand imports at most\n\n{}\n\nbeside what the runtime of its language brings: \
         `actionbox inspect` shows what a component really imports.\n\n",
        prose(&world.docs),
        names(&mut world.exports.iter()),
        names(&mut world.imports.iter()),
    )
}

fn describe_functions(resolve: &Resolve, title: &str, file: &str, interface: &Interface) -> String {
    let functions = interface.functions.values();
    let functions: String = functions.map(|function| describe_function(resolve, file, function)).collect();
    format!("## {title}\n\n{}\n\n{functions}", prose(&interface.docs))
}

fn describe_function(resolve: &Resolve, file: &str, function: &Function) -> String {
    let parameters: Vec<_> =
        function.params.iter().map(|param| format!("{}: {}", param.name, wit(resolve, &param.ty))).collect();
    let result = function.result.map(|result| format!(" -> {}", wit(resolve, &result))).unwrap_or_default();
    format!(
        "### {name}\n\n<!-- from wit/{file}.wit -->\n```wit\n{name}: func({}){result};\n```\n\n{}\n\n",
        parameters.join(", "),
        prose(&function.docs),
        name = function.name,
    )
}

fn describe_types(resolve: &Resolve, interface: &Interface) -> String {
    // What an interface uses of another is described there.
    let own =
        interface.types.values().map(|id| &resolve.types[*id]).filter(|definition| !is_used(definition));
    own.map(|definition| describe_type(resolve, definition)).collect()
}

fn is_used(definition: &TypeDef) -> bool {
    matches!(definition.kind, TypeDefKind::Type(Type::Id(_)))
}

fn describe_type(resolve: &Resolve, definition: &TypeDef) -> String {
    let row = |name: &str, ty: Option<&Type>, docs: &Docs| {
        let ty = ty.map(|ty| words(resolve, ty)).unwrap_or_default();
        format!("| `{name}` | {ty} | {} |\n", cell(docs))
    };
    let (kind, table) = match &definition.kind {
        TypeDefKind::Record(record) => {
            let rows = record.fields.iter().map(|field| row(&field.name, Some(&field.ty), &field.docs));
            (
                "A record",
                format!("| field | type | meaning |\n| --- | --- | --- |\n{}", rows.collect::<String>()),
            )
        }
        TypeDefKind::Variant(variant) => {
            let rows = variant.cases.iter().map(|case| row(&case.name, case.ty.as_ref(), &case.docs));
            (
                "A variant",
                format!("| case | carries | meaning |\n| --- | --- | --- |\n{}", rows.collect::<String>()),
            )
        }
        TypeDefKind::Enum(cases) => {
            let rows = cases.cases.iter().map(|case| format!("| `{}` | {} |\n", case.name, cell(&case.docs)));
            ("An enum", format!("| case | | meaning |\n| --- | --- | --- |\n{}", rows.collect::<String>()))
        }
        TypeDefKind::Type(ty) => ("Another name", format!("It is a {}.\n", words(resolve, ty))),
        other => panic!("a {} has no form on this page yet", other.as_str()),
    };
    let name = definition.name.as_deref().expect("it is named");
    format!("### {name}\n\n*{kind}.* {}\n\n{table}\n", prose(&definition.docs))
}

/// Writes a type as WIT does.
fn wit(resolve: &Resolve, ty: &Type) -> String {
    let Type::Id(id) = ty else { return primitive(ty).to_owned() };
    let definition = &resolve.types[*id];
    if let Some(name) = &definition.name {
        return name.clone();
    }
    match &definition.kind {
        TypeDefKind::Option(some) => format!("option<{}>", wit(resolve, some)),
        TypeDefKind::List(item) => format!("list<{}>", wit(resolve, item)),
        TypeDefKind::Result(result) => {
            let side = |ty: Option<Type>| ty.map_or_else(|| "_".to_owned(), |ty| wit(resolve, &ty));
            format!("result<{}, {}>", side(result.ok), side(result.err))
        }
        other => panic!("a {} has no form on this page yet", other.as_str()),
    }
}

/// Writes a type in words, with links.
fn words(resolve: &Resolve, ty: &Type) -> String {
    let Type::Id(id) = ty else { return format!("`{}`", primitive(ty)) };
    let definition = &resolve.types[*id];
    if let Some(name) = &definition.name {
        return format!("[`{name}`](#{name})");
    }
    match &definition.kind {
        TypeDefKind::Option(some) => format!("optional {}", words(resolve, some)),
        TypeDefKind::List(item) => format!("list of {}", words(resolve, item)),
        other => panic!("a {} has no form on this page yet", other.as_str()),
    }
}

fn primitive(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "bool",
        Type::U16 => "u16",
        Type::U64 => "u64",
        Type::String => "string",
        other => panic!("{other:?} has no form on this page yet"),
    }
}

/// Returns documentation as it is, except that its headings are none of this page.
fn prose(docs: &Docs) -> String {
    let text = docs.contents.as_deref().expect("every item of the contract is documented").trim();
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    lines.join("\n").replace("# Errors\n\n", "**Errors:** ")
}

/// Returns documentation on one line.
fn cell(docs: &Docs) -> String {
    prose(docs).replace('\n', " ").replace('|', "\\|")
}
