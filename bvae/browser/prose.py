"""What the pages say of themselves: in the menu, as their heading and in the lines under it. Words are marked as the
glossary wants them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Page:
    """A page as the menu and its first lines have it."""

    path: str  # in the address; of Home, the page that opens, none is needed
    title: str  # in the menu
    icon: str  # a Material symbol
    heading: str
    introduction: str  # `{moving}` stands where a run of several epochs has more to be said
    moving: str = ""
    invitation: str = ""  # what Home says of it

    def lines(self, still: bool = False) -> str:
        """The introduction for a run of several epochs, or of one alone."""
        return self.introduction.replace("{moving}", "" if still else self.moving)


HOME = Page(
    "home", "Home", "home", "What does β do?",
    "A **variational autoencoder** (VAE) writes each image as a short list of numbers, its [code](#code), and "
    "draws the image again from it. A **β-VAE** makes it pay more for all information in the code. Under that "
    "pressure single numbers come to stand for single things: a slant, a thickness, which digit it is. "
    "**Drag a slider and see.**",
)  # fmt: skip
TRAVERSE = Page(
    "traverse", "Traverse", "tune", "Traverse the [latent space](#latent-space)",
    "The [decoder](#decoder) draws each image from a short list of numbers, its [code](#code). Every slider below "
    "is one of those numbers, a [latent dimension](#latent-dimension), and the one at the top carries the most "
    "information about the image. **Drag the top slider and watch the image change.**",
    invitation="Move along every [latent dimension](#latent-dimension), two at a time, or let a tour do it.",
)  # fmt: skip
INTERPOLATE = Page(
    "interpolate", "Interpolate", "moving", "Interpolate between two images",
    "Every image has a [code](#code), and between two codes there is a way. The [decoder](#decoder) draws an "
    "image at each point of it, so that one image turns into the other. Mixing the pixels instead only lays one "
    "over the other. **Press Play, or choose two other images.**",
    invitation="Walk from one digit to another, through their codes and through their pixels.",
)  # fmt: skip
GENERATE = Page(
    "generate", "Generate", "casino", "Generate new images",
    "A [decoder](#decoder) needs no image to begin with: any [code](#code) will do. Here are a hundred codes "
    "drawn at random, decoded. **Move the temperature, and press the image that you like best.**",
    invitation="Decode noise from [N(0, I)](#normal): what the model believes a digit is.",
)  # fmt: skip
CLUSTERS = Page(
    "clusters", "Clusters", "scatter_plot", "Clusters",
    "Every point is a [test image](#test-set), placed by its [code](#code). Codes have many dimensions and a "
    "picture has two, so the places keep what matters most: **which images are neighbours.** {moving}"
    "Point at a dot to see its image, and click it to take it along to every page.",
    "Before training that means little; play the [film](#film) and watch the classes gather. ",
    "Play the [film](#film) of [latent space](#latent-space): how the classes gather, epoch by epoch.",
)  # fmt: skip
DISENTANGLE = Page(
    "disentangle", "Disentangle", "account_tree", "What each dimension means",
    "A code is **disentangled** when each of its [dimensions](#latent-dimension) stands for one thing, such as the "
    "slant, and for nothing else. Here that is measured: one dimension is moved, the pictures are "
    "[decoded](#decoder), and what changed in them is measured. **Press a cell and see the pictures that its "
    "number stands for.**",
    invitation="What each dimension means, measured: the slant, the thickness, or nothing of the kind.",
)  # fmt: skip
RECONSTRUCT = Page(
    "reconstruct", "Reconstruct", "compare", "Reconstruct",
    "The [encoder](#encoder) turns an image into a [code](#code), and the [decoder](#decoder) turns the code back "
    "into an image. Every reconstruction here is decoded from the mean of its image’s [posterior](#posterior).{moving}",
    " **Move the epoch, the [clock](#clock) of all pages, and watch the images come back.**",
    "[Test images](#test-set) beside what is left of them, at any epoch.",
)  # fmt: skip
DRAW = Page(
    "draw", "Draw", "draw", "Draw",
    "Write with the mouse, a pen or a finger, or bring a picture. At every stroke, the [encoder](#encoder) turns "
    "what you write into a [code](#code), and the [decoder](#decoder) draws that code. **The digit you write "
    "becomes the [cursor](#cursor) of all pages.**",
    invitation="Write a digit by hand and see the code that it gets.",
)  # fmt: skip
COMPARE = Page(
    "compare", "Compare", "query_stats", "What [β](#beta) costs, and what it buys",
    "A larger [β](#beta) makes [codes](#code) say less, and less of the image is left: that is its price. What "
    "is it paid for? Here [runs](#run) with different β stand beside each other, and several of each, which "
    "differ in their [seed](#seed), tell what is chance. **Press a point and the run opens.**",
    invitation="Runs with different β and seeds in one plane: what each says and what it loses.",
)  # fmt: skip
TRAIN = Page(
    "train", "Train", "model_training", "Train",
    "Choose [β](#beta) and train a [run](#run) of your own. It is trained by a process of its own: this page can "
    "be closed and opened again at any time. With a larger β the [code](#code) says less (a smaller [KL](#kl)), "
    "each [dimension](#latent-dimension) tends to say one thing, and the [reconstruction](#reconstruction) gets "
    "worse.",
    invitation="Choose another β and see what it costs and what it buys.",
)  # fmt: skip
LOAD = Page(
    "load", "Load", "folder_open", "Load a run",
    "These are the [runs](#run) on this computer. **Pick one, and every page shows it.** A run that was "
    "trained elsewhere comes in below as one zip file, and any run can leave as one.",
)  # fmt: skip

LESSONS = Page(
    "lessons", "Lessons", "school", "Lessons",
    "A lesson goes through views of these pages, with a title and a few sentences each. → and ← turn its steps. For a "
    "class, F fills the screen with large type, and a clicker's keys turn the steps, too. **Begin one, or make one.**",
)  # fmt: skip

EXPLORE = (HOME, TRAVERSE, INTERPOLATE, GENERATE, CLUSTERS, DISENTANGLE, RECONSTRUCT, DRAW)
RUNS = (TRAIN, LOAD)
PAGES = (*EXPLORE, COMPARE, *RUNS)  # which a lesson can show
INVITED = tuple(page for page in PAGES if page.invitation)  # by Home

# The sections of Home below its sliders, and of Compare below its plane: heading, and lines where there are some.
WAY = "The way of one image through the model"
TAUGHT = "What the model is taught"
TRADES = (
    "What β trades",
    "The same image under models with different [β](#beta), and its own sliders below each: drag one, and what "
    "stands for the same in the others moves along. Further down ten digits and what is left of them. With a "
    "small β they are redrawn faithfully, and their codes tell much, spread over many dimensions. With a large "
    "β few dimensions stay active, and details are lost.",
)
NEXT = "Where to go next"
TEN_MINUTES = "A lesson of ten minutes, from one slider to how true a map is."  # of the lesson that comes along
BESIDE = (
    "Runs beside each other",
    "One image or one draw of noise, one [epoch](#epoch), and every run's own sliders: drag one, and the "
    "[dimensions](#latent-dimension) of the others that stand for the same move along.",
)
