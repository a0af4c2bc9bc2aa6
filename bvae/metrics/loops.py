"""The loops of the measures that numba compiles. Imported only where something is measured, and never to show it."""

from __future__ import annotations

import numba
import numpy as np

import bvae.compiled  # noqa: F401  it finds numba a place to keep what it compiles


@numba.njit(cache=True, nogil=True)
def tables(first, second, weights, terms):  # type: ignore[no-untyped-def]
    """Of the tables of counts of each of D variables (D, N) with each of K (K, N), under R rows of weights (R, N): the
    sums of `terms[count]` over the cells, (R, D, K) float64; and how many cells hold an image, (D, K) int64.
    """
    rows, images = weights.shape
    sums = np.zeros((rows, len(first), len(second)))
    occupied = np.zeros((len(first), len(second)), np.int64)
    cell = np.empty(images, np.int64)
    for left in range(len(first)):
        for right in range(len(second)):
            width = 0
            for image in range(images):
                width = max(width, second[right, image] + 1)
            cells = 0
            for image in range(images):
                cell[image] = first[left, image] * width + second[right, image]
                cells = max(cells, cell[image] + 1)
            counts = np.zeros(cells, np.int64)
            for image in range(images):
                occupied[left, right] += counts[cell[image]] == 0
                counts[cell[image]] += 1
            for row in range(rows):
                counts[:] = 0
                for image in range(images):
                    counts[cell[image]] += weights[row, image]
                for place in range(cells):
                    sums[row, left, right] += terms[counts[place]]
    return sums, occupied


@numba.njit(cache=True, nogil=True)
def grow(bins, many, residual, leaf_of, held_bins, held_leaf, depth, fewest, gains):  # type: ignore[no-untyped-def]
    """A regression tree on the residual (N,), level by level: every node is cut where its squared error falls most.

    Says in `leaf_of` (N,) and `held_leaf` (M,) which of 2^depth leaves each image is in, of the bins (D, N) from 0 to
    `many` − 1 and of others, (D, M); adds to `gains` (D,) by how much each dimension's cuts lowered the error.
    """
    dimensions, images = bins.shape
    leaf_of[:] = 0
    held_leaf[:] = 0
    for level in range(depth):
        nodes = 1 << level
        best = np.zeros(nodes)
        axis = np.zeros(nodes, np.int64)
        cut = np.full(nodes, many, np.int64)  # all to the left: a node that is not cut
        table = np.empty((nodes, many, 2))  # the sum of residuals, and the number of images
        for dimension in range(dimensions):
            table[:] = 0.0
            for image in range(images):
                node, place = leaf_of[image], bins[dimension, image]
                table[node, place, 0] += residual[image]
                table[node, place, 1] += 1.0
            for node in range(nodes):
                total, number = 0.0, 0.0
                for place in range(many):
                    total += table[node, place, 0]
                    number += table[node, place, 1]
                below, under = 0.0, 0.0
                for place in range(many - 1):
                    below += table[node, place, 0]
                    under += table[node, place, 1]
                    if table[node, place, 1] == 0.0 or under < fewest or number - under < fewest:
                        continue
                    difference = below / under - (total - below) / (number - under)
                    gain = difference * difference * under * (number - under) / number
                    if gain > best[node] * (1 + 1e-9) + 1e-12:
                        best[node], axis[node], cut[node] = gain, dimension, place
        for node in range(nodes):
            gains[axis[node]] += best[node]
        for image in range(images):
            node = leaf_of[image]
            leaf_of[image] = 2 * node + (bins[axis[node], image] > cut[node])
        for image in range(len(held_leaf)):
            node = held_leaf[image]
            held_leaf[image] = 2 * node + (held_bins[axis[node], image] > cut[node])


@numba.njit(cache=True, nogil=True)
def boost(bins, many, targets, classes, held_bins, rounds, depth, rate, fewest):  # type: ignore[no-untyped-def]
    """Gradient boosting (Friedman 2001): targets (N, C) from bins (D, N), one tree for each column and round.

    The loss is the squared error, and for `classes`, whose targets are 0 or 1, the multinomial deviance. Returns the
    dimensions' gains (D,) and the predictions for the held-out bins (D, M), (M, C); of classes their log-odds.
    """
    images, columns = targets.shape
    held = held_bins.shape[1]
    gains = np.zeros(len(bins))
    scores, predicted = np.empty((images, columns)), np.empty((held, columns))
    for column in range(columns):
        start = 0.0
        for image in range(images):
            start += targets[image, column] / images
        if classes:
            start = np.log(max(start, 1e-9))
        scores[:, column] = start
        predicted[:, column] = start
    leaf_of, held_leaf = np.zeros(images, np.int64), np.zeros(held, np.int64)
    wanted = np.empty((columns, images))
    over, under = np.empty(1 << depth), np.empty(1 << depth)
    for _ in range(rounds):
        for image in range(images):
            largest, total = scores[image, 0], 0.0
            if classes:
                for column in range(columns):
                    largest = max(largest, scores[image, column])
                for column in range(columns):
                    total += np.exp(scores[image, column] - largest)
            for column in range(columns):
                guess = np.exp(scores[image, column] - largest) / total if classes else scores[image, column]
                wanted[column, image] = targets[image, column] - guess
        for column in range(columns):
            residual = wanted[column]
            grow(bins, many, residual, leaf_of, held_bins, held_leaf, depth, fewest, gains)
            over[:] = 0.0
            under[:] = 0.0
            for image in range(images):
                size = abs(residual[image])
                over[leaf_of[image]] += residual[image]
                under[leaf_of[image]] += size * (1 - size) if classes else 1.0
            for leaf in range(1 << depth):
                step = over[leaf] / under[leaf] if under[leaf] > 1e-12 else 0.0
                over[leaf] = rate * step * ((columns - 1) / columns if classes else 1.0)
            for image in range(images):
                scores[image, column] += over[leaf_of[image]]
            for image in range(held):
                predicted[image, column] += over[held_leaf[image]]
    return gains, predicted
