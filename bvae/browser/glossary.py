"""The glossary: what a technical word means, in one sentence, and how a text says that a word in it is explained.

A text marks a word as Markdown marks a link, `[shown](#key)`: the prose of the pages, through `explained`, and what the
components write, in HTML or JavaScript, through terms.js. The word then has a dotted line under it, and its sentence
appears at the pointer, with the focus, or at a tap. A panel explains a word once, where it first stands.

In the prose a word is a link with a title. Streamlit renders that by itself, and it says its sentence even before the
component is there that shows it better.
"""

from __future__ import annotations

import re

# No quotation marks of ASCII in these: they stand in Markdown as the title of a link.
GLOSSARY = {
    # What a model is
    "code": "A code, z, is the short list of numbers that the encoder writes for an image, and from which the "
    "decoder draws it again.",
    "latent-dimension": "A latent dimension is one of the numbers that a code consists of: z7 is the one numbered 7.",
    "latent-space": "Latent space is where the codes are: each is a point in it, with one coordinate for each "
    "latent dimension.",
    "encoder": "The encoder is the half of the network that turns an image into a code.",
    "decoder": "The decoder is the half of the network that turns a code into an image.",
    "network": "The network is conv, which slides small filters over the picture, or mlp, in which each number of a "
    "layer depends on every number of the layer before.",
    "weights": "Weights are the numbers inside a network; training is nothing else than changing them.",
    "posterior": "The posterior q(z|x) is what the encoder says of an image x: not one number but a bell curve in "
    "each latent dimension, with a mean μ and a standard deviation σ.",
    "aggregate-posterior": "The aggregate posterior is the posteriors of all images taken together: the part of "
    "latent space that real images use, and that the decoder learned from.",
    "prior": "The prior p(z) is where codes are expected before any image is seen: here N(0, I), a bell curve "
    "around 0 in each dimension.",
    "normal": "N(0, I) is the normal distribution in many dimensions: every number of a code is drawn by itself "
    "from a bell curve with mean 0 and standard deviation 1.",
    "likelihood": "The likelihood p(x|z) says how pixels may differ from the decoded image: bernoulli takes its "
    "brightness for the chance that a pixel is white, gaussian for the middle of a bell curve.",
    # What it is taught, and what that comes to
    "nats": "A nat is a unit of information, as the bit is, counted with the natural logarithm: 1 nat = 1/ln 2 bits "
    "= 1.44 bits.",
    "reconstruction": "Reconstruction is −log\u00a0p(x|z): how badly the image drawn from the code predicts the "
    "original’s pixels, summed over all of them; less is better.",
    "kl": "The KL (Kullback–Leibler divergence) of an image says how far its posterior is from the prior, and so "
    "how much its code tells about it; 0 is nothing.",
    "elbo": "The ELBO (evidence lower bound) is a number that log\u00a0p(x), how probable the model finds an image, "
    "is never below; −ELBO = reconstruction + KL, and less is better.",
    "loss": "The loss is the number that training lowers: reconstruction + β · KL or, with a capacity, "
    "reconstruction + γ · |KL − C|.",
    "beta": "β is the weight of the KL in what training lowers: 1 is the plain VAE, and above 1 information in the "
    "code costs more.",
    "gamma": "γ is the weight that holds the KL at the capacity C: what training lowers is reconstruction + γ · |KL "
    "− C|.",
    "capacity": "The capacity C is how many nats the codes shall carry; it grows from 0 in the course of the "
    "training, and the KL is made to follow it.",
    "mutual-information": "Mutual information is how much one quantity tells of another; it is 0 where they have "
    "nothing to do with each other.",
    "index-code": "The mutual information of image and code says how far a code tells which image it is of; among N "
    "images that is at most log\u00a0N nats.",
    "total-correlation": "Total correlation is what the dimensions tell of each other, and so say twice; it is 0 where "
    "each varies independently of all others.",
    "dimension-wise-kl": "The dimension-wise KL says how far the values of each dimension by itself, over all images, "
    "are from the bell curve of the prior.",
    "floor": "The floor of reconstruction is what even a perfect copy costs, since a pixel that is grey cannot be "
    "predicted as surely as one that is black or white.",
    "active": "A latent dimension is active when it tells the decoder something of the image, and passive when its "
    "KL is all but 0.",
    "mixed": "A latent dimension is mixed when for some images it tells the decoder something, and for others its "
    "posterior is the prior.",
    "active-units": "Active units are the latent dimensions that differ from image to image: their means have a "
    "variance above 0.01 over the test images.",
    # What it is judged by
    "rate": "The rate is how many nats a code tells about its image: the KL, what a message with the code would cost.",
    "distortion": "The distortion is what is lost of an image on the way through its code: the reconstruction, above "
    "the floor that even a perfect copy costs.",
    "mig": "MIG (mutual information gap) asks whether one dimension tells more of a factor, as the slant, than any "
    "other does; 1 is best, and 0 means that two tell the same.",
    "dci": "DCI disentanglement asks whether each dimension serves one factor alone, by what is of use to predict "
    "them; 1 is best.",
    "modularity": "Modularity asks whether each dimension tells of one factor and of no other; 1 is best.",
    "explicitness": "Explicitness asks how well a factor can be read off the code by a simple rule; 1 is best.",
    "neighbours": "This is the share of test images whose class is that of most of the 15 training images with the "
    "nearest codes.",
    "udr": "UDR (unsupervised disentanglement ranking) asks whether a training with another seed finds the same "
    "dimensions again; 1 is best, and no factor need be known for it.",
    "interval": "A 95 % interval of a mean reaches so far to both sides that in 95 of 100 such experiments it would "
    "hold the true mean; the fewer the seeds, the wider it is.",
    "sweep": "A sweep is runs of one command that differ in chosen settings, such as β and the seed, and in nothing "
    "else.",
    # Runs, and what is kept of them
    "run": "A run is one training of one network, with all that it left: settings, weights, codes and figures.",
    "epoch": "An epoch is one pass of the training over all training images; at epoch 0 the weights are still "
    "random numbers.",
    "clock": "The clock is the epoch that is shown: turn it, and the page draws with the network as it was by then.",
    "cursor": "The cursor is the one code that all pages look at: what you choose on one page, the next begins with.",
    "snapshot": "A snapshot is what is kept of an epoch: the weights, and the codes of the probe images.",
    "test-set": "The test set, or test split, is images that the network never learned from, so that they show what "
    "it can do with new ones.",
    "probe": "Probe images are those images of the test set whose codes are kept at every snapshot, so that they "
    "can be followed through the training.",
    "seed": "A seed is the number from which random numbers are made: the same seed makes the same ones again.",
    "safetensors": "A safetensors file holds arrays of numbers and nothing else, so that no program can hide in it.",
    # Moving in latent space
    "origin": "The origin is the code of zeros, which is the middle of the prior.",
    "norm": "‖z‖, the norm of a code, is its distance from the origin: the root of the sum of its squared numbers.",
    "sigma": "σ, the standard deviation, says how widely values scatter around their mean: in a bell curve, 68 % "
    "lie within one σ of it.",
    "euclidean": "The Euclidean distance is the straight one: the root of the sum of the squared differences of all "
    "numbers.",
    "mahalanobis": "This is the Mahalanobis distance, which counts how many standard deviations (σ) of the data "
    "there are, in each direction, between a code and their middle.",
    "quantile": "The 90 % quantile is the value below which 90 % of the data lie; the 50 % quantile is the median.",
    "sensitivity": "|∂x/∂z| is how much each pixel x changes when this one number z of the code changes a little: "
    "the size of a derivative.",
    "linear": "Linear interpolation goes straight from one code to the other: halfway, each number is the mean of "
    "both.",
    "spherical": "Spherical interpolation (slerp) turns from the direction of one code to that of the other, along "
    "an arc around the origin rather than straight across.",
    "bilinear": "Bilinear interpolation mixes four corners: first along two opposite sides, and then between those.",
    "cross-fade": "A cross-fade mixes pixels and not codes: halfway, each pixel is the mean of both images.",
    "temperature": "The temperature multiplies the random numbers: at 0 all codes are the same, at 1 they are drawn "
    "as the distribution has it, and above 1 they lie farther out.",
    # The film of the clusters
    "film": "The film shows the codes of the test images as points in the plane, one frame for each epoch that is "
    "kept.",
    "umap": "UMAP is a method that lays points of many dimensions out in the plane so that neighbours stay "
    "neighbours.",
    "pca": "PCA (principal component analysis) looks at the codes along the two directions in which they spread "
    "most.",
    "trustworthiness": "Trustworthiness says how far neighbours on the map are neighbours in latent space as well; "
    "1 is best.",
    "continuity": "Continuity says how far neighbours in latent space are neighbours on the map as well; 1 is best.",
    "accuracy": "Neighbour accuracy is the share of images whose class is that of most of their neighbours on the "
    "map.",
}  # fmt: skip

MARK = re.compile(r"(?<!\\)\[([^\[\]]+)\]\(#([a-z-]+)\)")


def explained(markdown: str) -> str:
    """A text in Markdown with its marked words explained.

    Raises:
        KeyError: when one is not in the glossary.
    """
    return MARK.sub(lambda mark: f'[{mark[1]}](#term-{mark[2]} "{GLOSSARY[mark[2]]}")', markdown)


def check_marks(text: str) -> None:
    """See that all words that a component's text marks are in the glossary.

    Raises:
        KeyError: when one is not.
    """
    for _, key in MARK.findall(text):
        GLOSSARY[key]


def plain(text: str) -> str:
    """A text with nothing in it that Markdown would make a picture, a link or a formula of. A path can hold anything,
    and a run from elsewhere can say anything."""
    return re.sub(r"[\\\[\]*$~<`]", r"\\\g<0>", text)
