"""What is shipped: every folder of the house, and a wheel that works outside the checkout."""

import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
FOLDERS = sorted(
    file.parent.relative_to(ROOT).as_posix()
    for file in ROOT.glob("[a-z]*/**/__init__.py")
    if file.relative_to(ROOT).parts[0] not in ("build", "tests", "dist")
    and "site-packages" not in file.parts
)


def test_every_folder_is_a_package_and_is_mapped():
    setuptools = PROJECT["tool"]["setuptools"]
    assert sorted(setuptools["packages"]) == [f"backproof.{f.replace('/', '.')}" for f in FOLDERS]
    assert setuptools["package-dir"] == {
        f"backproof.{folder.replace('/', '.')}": folder for folder in FOLDERS
    }
    assert all((ROOT / folder / "py.typed").exists() for folder in FOLDERS)


def test_nothing_is_pinned_to_one_version():
    extras = PROJECT["project"]["optional-dependencies"].values()
    wanted = PROJECT["project"]["dependencies"] + [name for extra in extras for name in extra]
    assert not [name for name in wanted if "==" in name or "<" in name]


@pytest.mark.packaging
def test_the_wheel_made_from_the_sdist_runs_a_check_outside_the_checkout(tmp_path):
    """sdist → wheel → an environment that has seen nothing else."""
    subprocess.run([sys.executable, "-m", "build", "-o", tmp_path, ROOT], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for folder in FOLDERS:
        for file in (ROOT / folder).glob("*.py"):
            assert f"backproof/{folder}/{file.name}" in names
        assert f"backproof/{folder}/py.typed" in names
    assert not [name for name in names if name.startswith(("tests", "build", "manual"))]
    assert "backproof/compare/page.html" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", wheel], check=True)
    ran = subprocess.run(
        [python.with_name("backproof"), "check", "--pair", "logistic*", "--examples", "7"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert "4 pairs" in ran.stdout
    assert "all agree" in ran.stdout
    code = "import sys, backproof.manual.shallow; assert 'jax' not in sys.modules"
    subprocess.run([python, "-c", code], check=True, cwd=tmp_path)


@pytest.mark.packaging
def test_a_derived_module_runs_where_there_is_only_numpy(tmp_path):
    """`backproof derive -o`, then an environment with NumPy and nothing else."""
    command = [sys.executable, "-c", "from backproof.compare.cli import main; main()"]
    derive = [*command, "derive", "shallow", "--hidden", "tanh", "-o", "derived.py"]
    subprocess.run(derive, check=True, cwd=tmp_path)
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", "numpy"], check=True)
    listed = subprocess.run(
        [python, "-m", "pip", "list", "--format=freeze"], capture_output=True, text=True, check=True
    )
    names = {line.partition("==")[0] for line in listed.stdout.splitlines()}
    assert names <= {"numpy", "pip", "setuptools"}
    code = (
        "import numpy as np, derived; W1, b1, W2, b2 = np.ones((4, 2)), np.ones((4, 1)), "
        "np.ones((1, 4)), np.ones((1, 1)); "
        "J, _, g = derived.gradients(dict(W1=W1, b1=b1, W2=W2, b2=b2), np.eye(2), np.ones((1, 2)));"
        "print(g['dW1'].shape, np.isfinite(J))"
    )
    ran = subprocess.run(
        [python, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert ran.stdout == "(4, 2) True\n"
