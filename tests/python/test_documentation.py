"""The Python examples of the README do what their comments say."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


def examples():
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for number, code in enumerate(re.findall(r"```python\n(.*?)```", page.read_text(), re.S)):
            yield pytest.param(code, id=f"{page.name}-{number}")


@pytest.mark.parametrize("code", list(examples()))
def test_example(code, capsys):
    exec(compile(code, "example", "exec"), {})
    printed = capsys.readouterr().out.splitlines()
    promised = [
        line.split("# ", 1)[1].strip() if "# " in line else None
        for line in code.splitlines()
        if line.startswith("print(")
    ]
    assert len(printed) >= len(promised)
    assert any(promised)
    for text, promise in zip(printed, promised):
        if promise is not None:
            assert float(text) == pytest.approx(ast.literal_eval(promise), rel=1e-6)
