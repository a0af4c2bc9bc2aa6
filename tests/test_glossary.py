"""The glossary: its words are explained where they stand, on every page, by pointer, keyboard and touch."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from bvae.browser.glossary import GLOSSARY, MARK, check_marks, explained, plain
from tests.conftest import ROOT

# Words that a person who is new to it must find explained, page by page.
WORDS = {
    "": ["beta", "likelihood", "posterior", "reconstruction", "kl", "loss", "floor"],
    "traverse": ["elbo", "nats", "quantile", "sensitivity", "aggregate-posterior", "mahalanobis"],
    "interpolate": ["cross-fade", "linear", "norm", "bilinear", "cursor"],
    "generate": ["seed", "temperature", "prior", "normal", "norm"],
    "clusters": ["film", "cursor", "umap", "trustworthiness", "continuity"],
    "reconstruct": ["encoder", "decoder", "clock", "probe", "seed"],
    "draw": ["cursor", "latent-space", "probe"],
    "compare": ["beta", "rate", "distortion", "mig", "elbo", "seed"],
    "train": ["active-units", "capacity", "loss", "normal"],
    "load": ["run", "weights", "safetensors", "snapshot"],
}

# Words that nobody knows by nature. Where one stands on a page, it is explained on that page.
HARD = {
    "nats": r"\bnats?\b",
    "elbo": r"ELBO",
    "kl": r"\bKL\b",
    "posterior": r"(?<!aggregate )\bposterior",
    "aggregate-posterior": r"aggregate posterior",
    "prior": r"\bprior\b",
    "normal": r"N\(0, I\)",
    "sensitivity": r"∂x/∂z",
    "cursor": r"\bcursor\b",
    "clock": r"\bclock\b",
    "probe": r"\bprobe\b",
    "epoch": r"\b[Ee]poch",
    "latent-dimension": r"\b[Ll]atent dimension",
    "latent-space": r"\blatent space\b",
    "encoder": r"\bencoder\b",
    "decoder": r"\bdecoder\b",
    "snapshot": r"\bsnapshot",
    "seed": r"\b[Ss]eed\b",
    "norm": r"‖z‖",
    "umap": r"\bUMAP",
    "pca": r"\bPCA\b",
    "trustworthiness": r"[Tt]rustworthiness",
    "continuity": r"[Cc]ontinuity",
    "temperature": r"[Tt]emperature",
    "quantile": r"\bquantile",
    "spherical": r"\bspherical\b",
    "bilinear": r"\bbilinear\b",
    "likelihood": r"\blikelihood\b",
    "safetensors": r"\bsafetensors\b",
    "weights": r"\b[Ww]eights\b",
}


def sources() -> dict[str, str]:
    """The texts that may mark words, by their files."""
    files = [
        path
        for folder, ending in (("pages", "py"), ("bvae/browser", "py"), ("assets/js", "js"), ("assets/html", "html"))
        for path in sorted((ROOT / folder).rglob(f"*.{ending}"))
        if path.name != "glossary.py"
    ]
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in files}


def test_every_word_of_the_glossary_is_used_and_every_marked_word_is_in_it() -> None:
    marked = {key: name for name, text in sources().items() for _, key in MARK.findall(text)}
    assert not {key: name for key, name in marked.items() if key not in GLOSSARY}
    assert not set(GLOSSARY) - set(marked)


@pytest.mark.parametrize("key", GLOSSARY)
def test_a_word_is_explained_in_one_sentence(key: str) -> None:
    sentence = GLOSSARY[key]
    assert sentence.endswith(".")
    assert not re.search(r"[.!?] [A-Z]", sentence)
    assert '"' not in sentence, "it stands in Markdown, as the title of a link"
    assert len(sentence) <= 220


def test_a_word_that_the_glossary_lacks_is_an_error() -> None:
    with pytest.raises(KeyError):
        explained("A [word](#word).")
    with pytest.raises(KeyError):
        check_marks("const TEXT = `A [word](#word).`")


def test_what_a_run_says_marks_nothing() -> None:
    assert explained(f"**{plain('[KL](#kl)')}**") == f"**{plain('[KL](#kl)')}**"


# In the browser --------------------------------------------------------------------------------------------------


def word(page: Page, key: str) -> Locator:
    """The first word that can be seen and is explained by a sentence of the glossary."""
    return page.locator(f'.term[data-term="{key}"], a[href="#term-{key}"]').filter(visible=True).first


def sticks_out(page: Page) -> float:
    """Pixels by which the sentence that is shown reaches beyond the window."""
    return page.locator(".term-tip").evaluate("""(tip) => {
      const { left, top, right, bottom } = tip.getBoundingClientRect();
      return Math.max(-left, -top, right - innerWidth, bottom - innerHeight);
    }""")


def check_hard_words(page: Page, name: str) -> None:
    """Hard words are explained by pointer, keyboard and touch, on a page that is open where all three can be had."""
    tip = page.locator(".term-tip")
    for key in WORDS[name]:
        found = word(page, key)
        found.hover()
        expect(tip).to_have_text(GLOSSARY[key])
        assert sticks_out(page) <= 0
        page.mouse.move(1, 1)
        expect(tip).to_have_count(0)
        found.focus()
        expect(tip).to_have_text(GLOSSARY[key])
        assert found.get_attribute("aria-description") == GLOSSARY[key]
        page.keyboard.press("Escape")
        expect(tip).to_have_count(0)
        found.blur()
        before = page.url
        found.tap()
        expect(tip).to_have_text(GLOSSARY[key])
        page.touchscreen.tap(2, 2)
        expect(tip).to_have_count(0)
        assert page.url == before
    text = page.locator("[data-testid=stMain]").inner_text() + "".join(page.locator(".live").all_inner_texts())
    bare = [key for key, pattern in HARD.items() if re.search(pattern, text) and not word(page, key).count()]
    assert not bare, f"not explained on this page: {bare}"
