"""Reads the project's imports with `ast` and tells every one that breaks the house plan (docs: README, "Floors")."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

# From the top down: an app may import itself and the apps after it.
FLOORS = ("governance", "dispatch", "incidents", "grids")
FORBIDDEN_NAMES = frozenset({"utils", "helpers", "services"})
GUARDIAN_ALLOWED = ("grids.permissions", "grids.posts", "grids.models")
# Doors and forms: nothing below them in the same app may import them.
DOORS = frozenset({"urls", "views", "api", "admin", "tasks", "management"})
FORMS = frozenset({"forms"})

Sources = Mapping[str, str]


def read_sources(root: Path) -> dict[str, str]:
    """Dotted module name -> source of every module of the four apps; a package goes by its own name."""
    result = {}
    for app in FLOORS:
        for path in sorted((root / app).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            result[name] = path.read_text(encoding="utf-8")
    return result


def _only_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and any(
        isinstance(part, ast.Name | ast.Attribute) and ast.unparse(part).endswith("TYPE_CHECKING")
        for part in ast.walk(node.test)
    )


def _imports(tree: ast.AST, *, with_types: bool) -> Iterator[ast.Import | ast.ImportFrom]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif with_types or not _only_for_types(node):
            yield from _imports(node, with_types=with_types)


def imported(name: str, sources: Sources, *, with_types: bool = True) -> set[str]:
    """The modules that a module imports, wherever in it; of ours the exact module, of others as written."""
    is_package = any(other.startswith(f"{name}.") for other in sources)
    result = set()
    for node in _imports(ast.parse(sources[name]), with_types=with_types):
        if isinstance(node, ast.Import):
            result.update(alias.name for alias in node.names)
            continue
        base = node.module or ""
        if node.level:
            here = name.split(".")
            kept = here[: len(here) - node.level + (1 if is_package else 0)]
            base = ".".join([*kept, *([node.module] if node.module else [])])
        for alias in node.names:
            whole = f"{base}.{alias.name}"
            result.add(whole if whole in sources else base)
    return result


def upward_imports(sources: Sources) -> list[str]:
    """Imports from a floor above."""
    found = []
    for name in sources:
        floor = FLOORS.index(name.split(".")[0])
        for target in sorted(imported(name, sources)):
            app = target.split(".")[0]
            if app in FLOORS and FLOORS.index(app) < floor:
                found.append(f"{name} imports {target}, a floor above")
    return found


def circles(sources: Sources) -> list[str]:
    """Circles between modules, each told once from its alphabetically first member."""
    edges = {
        name: sorted(imported(name, sources, with_types=False) & set(sources) - {name})
        for name in sources
        if ".migrations" not in name
    }
    found: set[tuple[str, ...]] = set()
    done: set[str] = set()

    def walk(name: str, path: list[str]) -> None:
        if name in path:
            ring = path[path.index(name) :]
            first = ring.index(min(ring))
            found.add((*ring[first:], *ring[:first], ring[first]))
            return
        if name in done:
            return
        for target in edges.get(name, []):
            walk(target, [*path, name])
        done.add(name)

    for name in edges:
        walk(name, [])
    return [" -> ".join(ring) for ring in sorted(found)]


def bad_names(sources: Sources) -> list[str]:
    """Modules named after nothing."""
    return [name for name in sources if FORBIDDEN_NAMES & set(name.split("."))]


def guardian_imports(sources: Sources) -> list[str]:
    """Modules that ask guardian although rights are decided elsewhere."""
    return [
        name
        for name in sources
        if not name.startswith(GUARDIAN_ALLOWED)
        and ".migrations" not in name
        and any(target.split(".")[0] == "guardian" for target in imported(name, sources))
    ]


def _shelf(name: str) -> int:
    """2 for a door, 1 for forms, 0 for everything below them."""
    parts = name.split(".")[1:2]
    word = parts[0] if parts else ""
    if word in DOORS or word.endswith(tuple(f"_{door}" for door in DOORS)):
        return 2
    return 1 if word in FORMS or word.endswith("_forms") else 0


def inward_imports(sources: Sources) -> list[str]:
    """Domain modules that import forms or doors, forms that import doors, in the same app."""
    found = []
    for name in sources:
        app = name.split(".")[0]
        if app == "governance" and name.split(".")[1:2] in (["settings"], ["celery"]):
            continue
        for target in sorted(imported(name, sources)):
            if target.split(".")[0] == app and _shelf(target) > _shelf(name):
                found.append(f"{name} imports {target}, which stands above it")
    return found


def complaints(sources: Sources) -> list[str]:
    """Everything that breaks the plan, one line each."""
    return [
        *upward_imports(sources),
        *(f"circle: {ring}" for ring in circles(sources)),
        *(f"{name}: name it after what it does" for name in bad_names(sources)),
        *(f"{name} imports guardian; ask grids.permissions" for name in guardian_imports(sources)),
        *inward_imports(sources),
    ]
