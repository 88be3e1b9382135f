"""Questions about source code, asked of its syntax tree. Each takes a source, so that a test can show it a bad one."""

import ast
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent
PACKAGE = PROJECT_ROOT / "payapp"
STAND_IN = PROJECT_ROOT / "fake_stripe"
MAILBOX = PROJECT_ROOT / "local_mailbox"
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One file of a program: its path below the program's folder, with slashes, and what is in it."""

    path: str
    source: str
    program: str = PACKAGE.name

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.source)

    @property
    def package(self) -> str:
        """The dotted name that its relative imports begin from."""
        return ".".join([self.program, *self.path.split("/")[:-1]])

    @property
    def name(self) -> str:
        """The dotted name that others import it by."""
        return f"{self.program}.{self.path.removesuffix('.py').replace('/', '.')}".removesuffix(".__init__")


def read_modules(folder: Path = PACKAGE) -> list[Module]:
    """Return every Python file of a program."""
    paths = sorted(folder.rglob("*.py"))
    return [Module(path.relative_to(folder).as_posix(), path.read_text(), folder.name) for path in paths]


# ---- imports


def imports_of(module: Module) -> set[str]:
    """Return the full dotted name of everything it imports, wherever in the file, the standard library left out.

    `from payapp.database.base import Base` is `payapp.database.base.Base`.
    """
    names = {name for node in ast.walk(module.tree) for name in _imported(node, module.package)}
    return {name for name in names if name.split(".")[0] not in sys.stdlib_module_names}


def is_within(name: str, prefixes: Sequence[str]) -> bool:
    """Whether the dotted name is one of the prefixes or lies below one."""
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def _imported(node: ast.AST, package: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        above = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1]) if node.level else ""
        base = ".".join(part for part in (above, node.module) if part)
        yield from (f"{base}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Call) and _name_of(node.func) in ("__import__", "import_module"):
        yield "a computed name"


def find_circle(modules: Sequence[Module]) -> list[str]:
    """Return the names of modules that import each other in a circle, empty if there is none.

    An import inside a function, or for types only, counts too: who reads the one file has to read the other.
    """
    names = {module.name for module in modules}
    graph = {
        module.name: {found for name in imports_of(module) for found in _modules_of(name, names)} - {module.name}
        for module in modules
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def _modules_of(name: str, names: set[str]) -> Iterator[str]:
    """Which module an imported name is or stands in."""
    if name in names:
        yield name
    elif (above := name.rpartition(".")[0]) in names:
        yield above


# ---- calls and assignments


def functions_that_commit(module: Module) -> set[str]:
    """Return the names of the functions that call `.commit(…)`; `<module>` for a call outside of any."""
    return set(_committers(module.tree, "<module>"))


def _committers(node: ast.AST, function: str) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call) and isinstance(child.func, ast.Attribute) and child.func.attr == "commit":
            yield function
        yield from _committers(child, child.name if isinstance(child, FunctionNode) else function)


def writes_to_credit_columns(module: Module) -> list[int]:
    """Return the lines that change `users.credits` or `users.credits_held`, or get hold of the means to."""
    lines = {node.lineno for node in ast.walk(module.tree) if isinstance(node, ast.expr) and _writes_credits(node)}
    return sorted(lines | {line for line, text in _texts(module) if CREDITS_SQL.search(text)})


CREDIT_COLUMNS = {"credits", "credits_held"}
CREDITS_SQL = re.compile(r"\b(update|into)\s+users\b.*\bcredits", re.IGNORECASE | re.DOTALL)
NOT_THE_USERS = {"Purchase"}  # has a column of the same name: what it is worth


def _writes_credits(node: ast.expr) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in CREDIT_COLUMNS and isinstance(node.ctx, ast.Store | ast.Del)
    if not isinstance(node, ast.Call):
        return False
    keywords = CREDIT_COLUMNS & {keyword.arg for keyword in node.keywords}
    if _name_of(node.func) == "User":
        return bool(keywords)
    if isinstance(node.func, ast.Attribute) and node.func.attr == "values":
        return bool(keywords) and _table_of(node.func.value) not in NOT_THE_USERS
    return False


def _table_of(node: ast.expr) -> str:
    """Return the model named in the innermost call of a chain: `Purchase` for `update(Purchase).where(…)`."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        node = node.func.value
    return _name_of(node.args[-1]) if isinstance(node, ast.Call) and node.args else ""


def _name_of(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _texts(module: Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


# ---- declarations


def makes_blueprint(module: Module) -> bool:
    """Whether it makes a Flask blueprint."""
    return any(isinstance(node, ast.Call) and _name_of(node.func) == "Blueprint" for node in ast.walk(module.tree))


def declared_access(module: Module) -> str:
    """Return the text of its constant ACCESS, empty if there is none."""
    for node in module.tree.body:
        if isinstance(node, ast.Assign) and [_name_of(target) for target in node.targets] == ["ACCESS"]:
            return str(node.value.value) if isinstance(node.value, ast.Constant) else ""
    return ""


def settings_named_in(module: Module) -> set[str]:
    """Return every text that is the name of a setting: capitals, digits and underscores."""
    return {text for _, text in _texts(module) if re.fullmatch(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+", text)}


def settings_listed_in(example: str) -> set[str]:
    """Return the names that an .env file sets."""
    return set(re.findall(r"^([A-Z0-9_]+)=", example, re.MULTILINE))


def reads_environment(module: Module) -> bool:
    """Whether it looks into the environment by itself."""
    names = {"environ", "getenv"}
    return any(
        (isinstance(node, ast.Attribute) and node.attr in names and _name_of(node.value) == "os")
        or (isinstance(node, ast.ImportFrom) and node.module == "os" and names & {each.name for each in node.names})
        for node in ast.walk(module.tree)
    )


# ---- sizes and templates


def lacks_docstring(module: Module) -> bool:
    """Whether it does not say what it is."""
    return not ast.get_docstring(module.tree)


def oversized(module: Module, function_lines_max: int, file_lines_max: int) -> list[str]:
    """Return what is longer than allowed."""
    functions = [node for node in ast.walk(module.tree) if isinstance(node, FunctionNode)]
    found = [node.name for node in functions if (node.end_lineno or 0) - node.lineno >= function_lines_max]
    return found + (["the file"] if len(module.source.splitlines()) > file_lines_max else [])


FORBIDDEN_MARKUP = (
    r"<[^>]*\sstyle\s*=",
    r"<style\b",
    r"<script(?![^>]*\ssrc=)[^>]*>",
    r"\shx-on\b",
    r"\son[a-z]+\s*=\s*[\"']",
    r"javascript:",
)


def forbidden_markup(template: str) -> list[str]:
    """Return what the Content-Security-Policy would not let work: inline styles, scripts and handlers."""
    found = (re.search(pattern, template, re.IGNORECASE) for pattern in FORBIDDEN_MARKUP)
    return [match.group() for match in found if match]
