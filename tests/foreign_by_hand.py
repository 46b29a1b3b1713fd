"""Gradients of the losses in `foreign.py`, derived by hand: NumPy only, one function per loss.

Each takes what its loss takes and returns the gradient of J by every leaf, `dW` for `W`, and most
values that the loss marks, with their gradients. Unlike in the package's networks, every gradient
is J's own: nothing is per example. Floats stay what they are, float32, float64 or longdouble, but
for the losses in `DOUBLE_ONLY`, which have no longdouble. At a kink the derivative is the one that
JAX takes.
"""

from __future__ import annotations

import numpy as np

# What several of them need.


def sigmoid(z):
    return np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z)))


def softmax(z, axis=-1):
    exponentials = np.exp(z - z.max(axis=axis, keepdims=True))
    return exponentials / exponentials.sum(axis=axis, keepdims=True)


def logsumexp(z, axis=-1):
    highest = z.max(axis=axis, keepdims=True)
    return np.log(np.exp(z - highest).sum(axis=axis)) + highest.squeeze(axis)


def log_softmax(z):
    return z - logsumexp(z)[..., None]


def one_hot(labels, logits):
    return np.eye(logits.shape[-1], dtype=logits.dtype)[labels]


def cholesky(A):
    """L Lᵀ = A for the last two axes; NumPy's own takes no longdouble."""
    L = np.zeros_like(A)
    for j in range(A.shape[-1]):
        column = A[..., j:, j] - (L[..., j:, :j] @ L[..., j, :j, None])[..., 0]  # (…, n − j)
        L[..., j:, j] = column / np.sqrt(column[..., :1])
    return L


def inverse(A):
    """A⁻¹ = L⁻ᵀ L⁻¹ for positive definite A, L⁻¹ by forward substitution."""
    L, R = cholesky(A), np.zeros_like(A)
    unit = np.eye(A.shape[-1], dtype=A.dtype)
    for i in range(A.shape[-1]):
        R[..., i, :] = unit[i] - (L[..., i, None, :i] @ R[..., :i, :])[..., 0, :]  # (…, n)
        R[..., i, :] /= L[..., i, i, None]
    return R.swapaxes(-1, -2) @ R


# Networks.


def swiglu_with_dropout(x, kept, gain, gate, up, down):
    scale = 1 / np.sqrt((x**2).mean(axis=1, keepdims=True) + 1e-6)  # (n, 1)
    normed = x * scale  # (n, d)
    y = normed * gain  # (n, d)
    Z, linear = y @ gate, y @ up  # (n, f)
    S = sigmoid(Z)  # (n, f)
    gated = Z * S * linear  # (n, f)
    dropped = np.where(kept, gated / 0.5, 0)  # (n, f)
    out = x + dropped @ down  # (n, d)

    dout = np.sin(2 * out) / x.size  # (n, d): (sin²)′ = 2 sin cos
    ddown = dropped.T @ dout  # (f, d)
    dgated = np.where(kept, dout @ down.T / 0.5, 0)  # (n, f)
    dlinear = dgated * Z * S  # (n, f)
    dZ = dgated * linear * S * (1 + Z * (1 - S))  # (n, f)
    dup = y.T @ dlinear  # (d, f)
    dgate = y.T @ dZ  # (d, f)
    dy = dZ @ gate.T + dlinear @ up.T  # (n, d)
    dgain = (dy * normed).sum(axis=0)  # (d,)
    dnormed = dy * gain  # (n, d)
    along = (dnormed * normed).mean(axis=1, keepdims=True)  # (n, 1)
    dx = dout + scale * (dnormed - normed * along)  # (n, d)
    values = {"gated": gated, "dgated": dgated, "ddown": ddown, "dup": dup, "dgate": dgate}
    return values | {"dgain": dgain, "dx": dx}


def lstm(X, labels, W, U, b, V):
    t, _, m = X.shape
    h = U.shape[1]
    H, C = np.zeros((2, t + 1, h, m), X.dtype)  # the first is before the first step
    I, F, G, O = np.zeros((4, t, h, m), X.dtype)
    for k in range(t):
        i, f, g, o = np.split(W @ X[k] + U @ H[k] + b, 4)  # (h, m)
        I[k], F[k], G[k], O[k] = sigmoid(i), sigmoid(f + 1), np.tanh(g), sigmoid(o)
        C[k + 1] = F[k] * C[k] + I[k] * G[k]  # (h, m)
        H[k + 1] = O[k] * np.tanh(C[k + 1])  # (h, m)
    logits = np.einsum("ch,thb->tbc", V, H[1:])  # (t, m, c)

    dlogits = (softmax(logits) - one_hot(labels, logits)) / (t * m)  # (t, m, c)
    dV = np.einsum("tbc,thb->ch", dlogits, H[1:])  # (c, h)
    dH = np.einsum("tbc,ch->thb", dlogits, V)  # (t, h, m): by the labels, not by later steps
    dZ = np.zeros((t, 4 * h, m), X.dtype)
    dh, dc = np.zeros((2, h, m), X.dtype)
    for k in reversed(range(t)):
        dh = dh + dH[k]  # (h, m)
        dc = dc + dh * O[k] * (1 - np.tanh(C[k + 1]) ** 2)  # (h, m)
        di = dc * G[k] * I[k] * (1 - I[k])  # (h, m)
        df = dc * C[k] * F[k] * (1 - F[k])  # (h, m)
        dg = dc * I[k] * (1 - G[k] ** 2)  # (h, m)
        do = dh * np.tanh(C[k + 1]) * O[k] * (1 - O[k])  # (h, m)
        dZ[k] = np.concatenate([di, df, dg, do])  # (4h, m)
        dh, dc = U.T @ dZ[k], dc * F[k]  # (h, m)
    dW = np.einsum("tib,tjb->ij", dZ, X)  # (4h, n)
    dU = np.einsum("tib,tjb->ij", dZ, H[:-1])  # (4h, h)
    db = dZ.sum(axis=(0, 2))[:, None]  # (4h, 1)
    dX = W.T @ dZ  # (t, n, m)
    return {"H": H[1:], "dH": dH, "dV": dV, "dW": dW, "dU": dU, "db": db, "dX": dX}


def gru(X, y, gates, candidate, readout):
    (W, U, b), (Wc, Uc, bc) = ([part[key] for key in "WUb"] for part in (gates, candidate))
    m, t, _ = X.shape
    H = np.zeros((t + 1, m, len(readout)), X.dtype)
    reset, update, new = np.zeros((3, t, m, len(readout)), X.dtype)
    for k in range(t):
        Z = X[:, k] @ W.swapaxes(1, 2) + H[k] @ U.swapaxes(1, 2) + b[:, None]  # (2, m, h)
        reset[k], update[k] = sigmoid(Z)  # (m, h)
        new[k] = np.tanh(X[:, k] @ Wc.T + (reset[k] * H[k]) @ Uc.T + bc)  # (m, h)
        H[k + 1] = (1 - update[k]) * H[k] + update[k] * new[k]  # (m, h)

    derror = 2 * (H[t] @ readout - y) / m  # (m,)
    dreadout = H[t].T @ derror  # (h,)
    dX, dW, dU, db = (np.zeros_like(value) for value in (X, W, U, b))
    dWc, dUc, dbc = (np.zeros_like(value) for value in (Wc, Uc, bc))
    dh = np.outer(derror, readout)  # (m, h)
    for k in reversed(range(t)):
        dZc = dh * update[k] * (1 - new[k] ** 2)  # (m, h)
        dkept = dZc @ Uc  # (m, h): by reset ∗ h
        dreset = dkept * H[k] * reset[k] * (1 - reset[k])  # (m, h)
        dupdate = dh * (new[k] - H[k]) * update[k] * (1 - update[k])  # (m, h)
        dZ = np.stack([dreset, dupdate])  # (2, m, h)
        dWc += dZc.T @ X[:, k]  # (h, n)
        dUc += dZc.T @ (reset[k] * H[k])  # (h, h)
        dbc += dZc.sum(axis=0)  # (h,)
        dW += dZ.swapaxes(1, 2) @ X[:, k]  # (2, h, n)
        dU += dZ.swapaxes(1, 2) @ H[k]  # (2, h, h)
        db += dZ.sum(axis=1)  # (2, h)
        dX[:, k] = dZc @ Wc + (dZ @ W).sum(axis=0)  # (m, n)
        dh = dh * (1 - update[k]) + dkept * reset[k] + (dZ @ U).sum(axis=0)  # (m, h)
    of_gates = {"dgates_W": dW, "dgates_U": dU, "dgates_b": db}
    of_candidate = {"dcandidate_W": dWc, "dcandidate_U": dUc, "dcandidate_b": dbc}
    return {"dX": dX, "dy": -derror, "dreadout": dreadout} | of_gates | of_candidate


def recurrent(X, Y, start, W, U, V):
    t = len(X)
    order = np.concatenate([np.arange(t)[::-1], np.arange(t)])  # (2t,): backwards, forwards
    H = np.zeros((2 * t + 1, len(start)), X.dtype)  # (2t + 1, h)
    H[0] = start
    for s, k in enumerate(order):
        H[s + 1] = np.tanh(W @ X[k] + U @ H[s])  # (h,)
    outputs = H[1:] @ V.T  # (2t, k)
    error = outputs[:t][::-1] + outputs[t:] - Y  # (t, k)

    dY = -2 * error / t  # (t, k)
    doutputs = -dY[order]  # (2t, k)
    dV = doutputs.T @ H[1:]  # (k, h)
    dZ = np.zeros_like(H[1:])  # (2t, h)
    dh = np.zeros_like(start)  # (h,)
    for s in reversed(range(2 * t)):
        dZ[s] = (V.T @ doutputs[s] + dh) * (1 - H[s + 1] ** 2)  # (h,)
        dh = U.T @ dZ[s]  # (h,)
    dW = dZ.T @ X[order]  # (h, n)
    dU = dZ.T @ H[:-1]  # (h, h)
    dX = (dZ[:t][::-1] + dZ[t:]) @ W  # (t, n)
    return {"dX": dX, "dY": dY, "dstart": dh, "dW": dW, "dU": dU, "dV": dV}


def convolutional(images, labels, kernel, bias, dense):
    n, f, wide, high = len(images), len(kernel), kernel.shape[3], kernel.shape[2]
    rows, columns = images.shape[2] - high + 1, images.shape[3] - wide + 1
    places = [(i, j) for i in range(high) for j in range(wide)]
    maps = np.zeros((n, f, rows, columns), images.dtype) + bias[:, None, None]
    for i, j in places:
        seen = images[:, :, i : i + rows, j : j + columns]  # (n, c, rows, columns)
        maps += np.einsum("fc,nchw->nfhw", kernel[:, :, i, j], seen)
    maps = np.maximum(maps, 0)  # (n, f, rows, columns)
    down, across = rows // 2, columns // 2
    whole = maps[:, :, : 2 * down, : 2 * across]  # an odd row or column is in no window
    windows = whole.reshape(n, f, down, 2, across, 2).swapaxes(3, 4).reshape(n, f, down, across, 4)
    pooled = windows.max(axis=4)  # (n, f, down, across)
    logits = np.einsum("nfhw,fhwk->nk", pooled, dense)  # (n, k)

    dlogits = (softmax(logits) - one_hot(labels, logits)) / n  # (n, k)
    ddense = np.einsum("nfhw,nk->fhwk", pooled, dlogits)  # (f, down, across, k)
    dpooled = np.einsum("nk,fhwk->nfhw", dlogits, dense)  # (n, f, down, across)
    first = one_hot(windows.argmax(axis=4), windows)  # of equals the first takes all
    dwindows = (first * dpooled[..., None]).reshape(n, f, down, across, 2, 2)
    dmaps = np.zeros_like(maps)  # (n, f, rows, columns)
    dmaps[:, :, : 2 * down, : 2 * across] = dwindows.swapaxes(3, 4).reshape(whole.shape)
    dZ = np.where(maps > 0, dmaps, 0)  # (n, f, rows, columns)
    dbias = dZ.sum(axis=(0, 2, 3))  # (f,)
    dkernel, dimages = np.zeros_like(kernel), np.zeros_like(images)
    for i, j in places:
        seen = images[:, :, i : i + rows, j : j + columns]  # (n, c, rows, columns)
        dkernel[:, :, i, j] = np.einsum("nfhw,nchw->fc", dZ, seen)
        dseen = np.einsum("nfhw,fc->nchw", dZ, kernel[:, :, i, j])  # (n, c, rows, columns)
        dimages[:, :, i : i + rows, j : j + columns] += dseen
    values = {"maps": maps, "dmaps": dmaps, "ddense": ddense, "dbias": dbias}
    return values | {"dkernel": dkernel, "dimages": dimages}


def graph_convolution(features, labels, sources, targets, W, V):
    n = len(features)
    A = np.zeros((n, n), features.dtype)  # A_ij: how much of j's message arrives at i
    np.add.at(A, (targets, sources), 1)
    A = A / (1 + A.sum(axis=1, keepdims=True))  # (n, n)
    H = np.tanh(A @ features @ W)  # (n, h)
    logits = np.tanh(A @ H @ V)  # (n, k)

    dlogits = (softmax(logits) - one_hot(labels, logits)) / n  # (n, k)
    dZ2 = dlogits * (1 - logits**2)  # (n, k)
    dV = (A @ H).T @ dZ2  # (h, k)
    dH = A.T @ dZ2 @ V.T  # (n, h)
    dZ1 = dH * (1 - H**2)  # (n, h)
    dW = (A @ features).T @ dZ1  # (d, h)
    dfeatures = A.T @ dZ1 @ W.T  # (n, d)
    return {"dfeatures": dfeatures, "dW": dW, "dV": dV}


def variational_autoencoder(x, noise, encoder, decoder):
    n = len(x)
    H = np.tanh(x @ encoder["hidden"])  # (n, h)
    mean = H @ encoder["mean"]  # (n, z)
    S = H @ encoder["std"]  # (n, z)
    std = np.logaddexp(0, S)  # (n, z)
    code = mean + std * noise  # (n, z)
    D = np.tanh(code @ decoder["hidden"])  # (n, h)
    logits = D @ decoder["pixels"]  # (n, p)

    dlogits = (sigmoid(logits) - x) / n  # (n, p)
    dpixels = D.T @ dlogits  # (h, p)
    dZ2 = dlogits @ decoder["pixels"].T * (1 - D**2)  # (n, h)
    ddecoder_hidden = code.T @ dZ2  # (z, h)
    dcode = dZ2 @ decoder["hidden"].T  # (n, z)
    dmean = dcode + mean / n  # (n, z)
    dstd = dcode * noise + (std - 1 / std) / n  # (n, z)
    dS = dstd * sigmoid(S)  # (n, z)
    dH = dmean @ encoder["mean"].T + dS @ encoder["std"].T  # (n, h)
    dZ1 = dH * (1 - H**2)  # (n, h)
    dx = dZ1 @ encoder["hidden"].T - logits / n  # (n, p): log σ(l) − log σ(−l) = l
    marks = {"Z_mean": mean, "dZ_mean": dmean, "Z_std": std, "dZ_std": dstd}
    of_decoder = {"dpixels": dpixels, "ddecoder_hidden": ddecoder_hidden}
    of_encoder = {"dencoder_hidden": x.T @ dZ1, "dmean": H.T @ dmean, "dstd": H.T @ dS}
    return marks | of_decoder | of_encoder | {"dnoise": dcode * std, "dx": dx}


def neural_ode(x, target, W, U):
    h = 0.1
    weights = (h / 6, h / 3, h / 3, h / 6)  # of each slope in the step
    reaches = (h / 2, h / 2, h, 0)  # of each slope in where the next one is taken
    steps = []
    for _ in range(12):
        place, after, stages = x, x, []  # (n, d)
        for weight, reach in zip(weights, reaches, strict=True):
            A = np.tanh(place @ W)  # (n, h)
            stages.append((place, A, weight, reach))
            slope = A @ U  # (n, d)
            place, after = x + reach * slope, after + weight * slope  # (n, d)
        steps.append(stages)
        x = after

    dafter = 2 * (x - target) / x.size  # (n, d)
    dtarget = -dafter  # (n, d)
    dW, dU, dplace = np.zeros_like(W), np.zeros_like(U), np.zeros_like(x)
    for stages in reversed(steps):
        dx = dafter  # (n, d)
        for place, A, weight, reach in reversed(stages):
            dslope = weight * dafter + reach * dplace  # (n, d)
            dU += A.T @ dslope  # (h, d)
            dZ = dslope @ U.T * (1 - A**2)  # (n, h)
            dW += place.T @ dZ  # (d, h)
            dplace = dZ @ W.T  # (n, d)
            dx = dx + dplace  # (n, d)
        dafter = dx
    return {"dx": dx, "dtarget": dtarget, "dW": dW, "dU": dU}


def contrastive(left, right, log_temperature):
    n = len(left)
    left_length, right_length = (np.sqrt((x**2).sum(axis=1))[:, None] for x in (left, right))
    u, v = left / left_length, right / right_length  # (n, d)
    temperature = np.exp(log_temperature)
    logits = u @ v.T * temperature  # (n, n)

    pairs = np.eye(n, dtype=left.dtype)  # (n, n)
    dlogits = (softmax(logits, axis=0) / 2 + softmax(logits, axis=1) / 2 - pairs) / n  # (n, n)
    dlog_temperature = (dlogits * logits).sum()
    du = temperature * dlogits @ v  # (n, d)
    dv = temperature * dlogits.T @ u  # (n, d)
    dleft = (du - u * (u * du).sum(axis=1, keepdims=True)) / left_length  # (n, d)
    dright = (dv - v * (v * dv).sum(axis=1, keepdims=True)) / right_length  # (n, d)
    marks = {"logits": logits, "dlogits": dlogits}
    return marks | {"dleft": dleft, "dright": dright, "dlog_temperature": dlog_temperature}


def word_embedding(words, contexts, context, target, negatives):
    b, w = context.shape
    bag = words[context].mean(axis=1)  # (b, d)
    right = np.einsum("bd,bd->b", bag, contexts[target])  # (b,)
    wrong = np.einsum("bd,bkd->bk", bag, contexts[negatives])  # (b, k)

    dright = -sigmoid(-right) / b  # (b,)
    dwrong = sigmoid(wrong) / b  # (b, k)
    dbag = dright[:, None] * contexts[target]  # (b, d)
    dbag += np.einsum("bk,bkd->bd", dwrong, contexts[negatives])
    dcontexts = np.zeros_like(contexts)  # (v, d): a word may come more than once
    np.add.at(dcontexts, target, dright[:, None] * bag)
    np.add.at(dcontexts, negatives, dwrong[:, :, None] * bag[:, None])
    dwords = np.zeros_like(words)  # (v, d)
    np.add.at(dwords, context, dbag[:, None] / w)
    return {"bag": bag, "dbag": dbag, "dwords": dwords, "dcontexts": dcontexts}


# Likelihoods.


def logistic_regression(X, y, w, b, strength):
    score = X @ w + b  # (m,)
    dmargin = -sigmoid(-y * score) / len(X)  # (m,)
    dy = dmargin * score  # (m,)
    dscore = dmargin * y  # (m,)
    dX = np.outer(dscore, w)  # (m, n)
    dw = X.T @ dscore + strength * w  # (n,)
    db = dscore.sum()
    dstrength = w @ w / 2
    return {"dX": dX, "dy": dy, "dw": dw, "db": db, "dstrength": dstrength}


def softmax_regression(X, labels, W, b):
    logits = X @ W + b  # (m, k)
    dlogits = (softmax(logits) - one_hot(labels, logits)) / len(X)  # (m, k)
    dW = X.T @ dlogits  # (n, k)
    db = dlogits.sum(axis=0)  # (k,)
    dX = dlogits @ W.T  # (m, n)
    return {"logits": logits, "dlogits": dlogits, "dX": dX, "dW": dW, "db": db}


def gaussian_mixture(X, logits, means, factors):
    m, d = X.shape
    covariances = factors @ factors.swapaxes(1, 2) + np.eye(d, dtype=X.dtype)  # (k, d, d)
    L, precisions = cholesky(covariances), inverse(covariances)  # (k, d, d)
    logdet = np.log(np.diagonal(L, axis1=1, axis2=2)).sum(axis=1)  # (k,)
    away = X[:, None] - means  # (m, k, d)
    pulled = np.einsum("kde,mke->mkd", precisions, away)  # (m, k, d)
    joint = log_softmax(logits) - logdet - (away * pulled).sum(axis=2) / 2  # (m, k)
    R = softmax(joint)  # (m, k): how responsible each normal is for each point

    dlogits = softmax(logits) - R.mean(axis=0)  # (k,)
    daway = R[:, :, None] * pulled / m  # (m, k, d)
    dX = daway.sum(axis=1)  # (m, d)
    dmeans = -daway.sum(axis=0)  # (k, d)
    dprecisions = np.einsum("mkd,mke->kde", daway, pulled)  # (k, d, d): P (dP) P
    dcovariances = (R.mean(axis=0)[:, None, None] * precisions - dprecisions) / 2  # (k, d, d)
    dfactors = 2 * dcovariances @ factors  # (k, d, d)
    return {"L": L, "dX": dX, "dlogits": dlogits, "dmeans": dmeans, "dfactors": dfactors}


def gaussian_process(X, y, log_lengths, log_amplitude, log_noise):
    unit = np.eye(len(X), dtype=X.dtype)  # (n, n)
    Z = X / np.exp(log_lengths)  # (n, d)
    away = Z[:, None] - Z  # (n, n, d)
    signal = np.exp(2 * log_amplitude - (away**2).sum(axis=2) / 2)  # (n, n)
    K = signal + np.exp(2 * log_noise) * unit  # (n, n)
    dy = inverse(K) @ y  # (n,)
    dK = (inverse(K) - np.outer(dy, dy)) / 2  # (n, n)
    dsignal = dK * signal  # (n, n)
    dlog_amplitude = 2 * dsignal.sum()
    dlog_noise = 2 * np.exp(2 * log_noise) * np.trace(dK)
    dZ = -2 * (dsignal[:, :, None] * away).sum(axis=1)  # (n, d): each is in a row and a column
    dX = dZ / np.exp(log_lengths)  # (n, d)
    dlog_lengths = -(dZ * Z).sum(axis=0)  # (d,)
    of_logs = {"dlog_amplitude": dlog_amplitude, "dlog_noise": dlog_noise}
    return {"K": K, "dK": dK, "dX": dX, "dy": dy, "dlog_lengths": dlog_lengths} | of_logs


def hidden_markov(observed, start, transitions, emissions):
    t = len(observed)
    log_start, log_transitions = log_softmax(start), log_softmax(transitions)  # (k,), (k, k)
    seen = log_softmax(emissions)[:, observed].T  # (t, k)
    alpha, beta = np.zeros_like(seen), np.zeros_like(seen)  # (t, k): what was, what will be
    alpha[0] = log_start + seen[0]
    for i in range(1, t):
        alpha[i] = logsumexp(alpha[i - 1] + log_transitions.T) + seen[i]  # (k,)
    for i in reversed(range(t - 1)):
        beta[i] = logsumexp(log_transitions + seen[i + 1] + beta[i + 1])  # (k,)
    likelihood = logsumexp(alpha[-1])

    # Baum and Welch's expected counts are the derivatives by the logarithms of probabilities.
    visits = np.exp(alpha + beta - likelihood)  # (t, k)
    arrival = (seen + beta)[1:, None] - likelihood  # (t − 1, 1, k)
    moves = np.exp(alpha[:-1, :, None] + log_transitions + arrival).sum(axis=0)  # (k, k)
    symbols = np.zeros_like(emissions)  # (k, s)
    np.add.at(symbols.T, observed, visits)
    dstart = (softmax(start) - visits[0]) / t  # (k,)
    dtransitions = (softmax(transitions) * moves.sum(axis=1)[:, None] - moves) / t  # (k, k)
    demissions = (softmax(emissions) * symbols.sum(axis=1)[:, None] - symbols) / t  # (k, s)
    return {"dstart": dstart, "dtransitions": dtransitions, "demissions": demissions}


def connectionist_temporal_classification(logits, labels):
    low, t = -1e30, len(logits)
    padded = np.zeros(2 * len(labels) + 1, int)  # (2s + 1,)
    padded[1::2] = labels
    may_skip = np.zeros(len(padded), bool)  # (2s + 1,)
    may_skip[2:] = (padded[2:] != 0) & (padded[2:] != padded[:-2])
    logs = log_softmax(logits)[:, padded]  # (t, 2s + 1)
    alpha = np.full((t, len(padded)), low, logits.dtype)  # (t, 2s + 1)
    alpha[0, :2] = logs[0, :2]
    before = np.full((t, 3, len(padded)), low, logits.dtype)  # to stay, to step, to skip
    for i in range(1, t):
        before[i, 0] = alpha[i - 1]
        before[i, 1, 1:] = alpha[i - 1, :-1]
        before[i, 2, 2:] = np.where(may_skip[2:], alpha[i - 1, :-2], low)
        alpha[i] = logsumexp(before[i], axis=0) + logs[i]  # (2s + 1,)

    dalpha = np.zeros_like(alpha)  # (t, 2s + 1)
    dalpha[-1, -2:] = -softmax(alpha[-1, -2:])
    for i in reversed(range(1, t)):
        stay, step, skip = softmax(before[i], axis=0) * dalpha[i]  # (2s + 1,)
        dalpha[i - 1] = stay
        dalpha[i - 1, :-1] += step[1:]
        dalpha[i - 1, :-2] += np.where(may_skip, skip, 0)[2:]
    dalpha[0, 2:] = 0  # nothing but the first two is where a path starts
    dlogs = np.zeros_like(logits)  # (t, k)
    np.add.at(dlogs.T, padded, dalpha.T)
    dlogits = dlogs - softmax(logits) * dlogs.sum(axis=1, keepdims=True)  # (t, k)
    return {"dlogits": dlogits}


def kalman_filter(y, F, C, log_q, log_r):
    q, r = np.exp(log_q), np.exp(log_r)
    in_state, in_sight = np.eye(len(F), dtype=F.dtype), np.eye(len(C), dtype=F.dtype)
    m, P, steps = np.zeros_like(F[0]), in_state, []  # (n,), (n, n)
    for seen in y:
        ahead, spread = F @ m, F @ P @ F.T + q * in_state  # (n,), (n, n)
        S = inverse(C @ spread @ C.T + r * in_sight)  # (k, k)
        w = S @ (seen - C @ ahead)  # (k,)
        gain = spread @ C.T @ S  # (n, k)
        steps.append((m, P, ahead, spread, S, w, gain))
        m, P = ahead + spread @ C.T @ w, spread - gain @ C @ spread  # (n,), (n, n)

    dy, dF, dC = np.zeros_like(y), np.zeros_like(F), np.zeros_like(C)
    dlog_q, dlog_r = np.zeros_like(log_q), np.zeros_like(log_r)
    dm, dP = np.zeros_like(m), np.zeros_like(P)  # (n,), (n, n); dP is symmetric
    for i in reversed(range(len(y))):
        m, P, ahead, spread, S, w, gain = steps[i]
        dseen = w + gain.T @ dm  # (k,)
        dB = np.outer(w, dm) - 2 * gain.T @ dP  # (k, n): by B = C spread of both updates
        dS = (S - np.outer(w, w)) / 2 - np.outer(gain.T @ dm, w) + gain.T @ dP @ gain  # (k, k)
        dC += dB @ spread + (dS + dS.T) @ C @ spread - np.outer(dseen, ahead)  # (k, n)
        dspread = dP + C.T @ dB + C.T @ dS @ C  # (n, n)
        dspread = (dspread + dspread.T) / 2  # (n, n)
        dahead = dm - C.T @ dseen  # (n,)
        dF += 2 * dspread @ F @ P + np.outer(dahead, m)  # (n, n)
        dlog_q += q * np.trace(dspread)
        dlog_r += r * np.trace(dS)
        dy[i] = dseen
        dm, dP = F.T @ dahead, F.T @ dspread @ F  # (n,), (n, n)
    return {"dy": dy, "dF": dF, "dC": dC, "dlog_q": dlog_q, "dlog_r": dlog_r}


def negative_binomial(X, counts, w, log_dispersion):
    m = len(X)
    counted = counts.astype(X.dtype)  # (m,)
    r, mean = np.exp(-log_dispersion), np.exp(X @ w)  # (), (m,)
    over = (mean - counted) / (r + mean)  # (m,)
    dscore = r * over / m  # (m,)
    dX = np.outer(dscore, w)  # (m, n)
    dw = X.T @ dscore  # (n,)
    # Γ(c + r) = Γ(r) r (r + 1) … (r + c − 1), so that no digamma function is left.
    i = np.arange(counts.max(), dtype=X.dtype)  # (max c,)
    ways = np.where(i < counted[:, None], 1 / (r + i), 0).sum(axis=1)  # (m,)
    dlog_dispersion = r * (ways - np.log1p(mean / r) + over).mean()
    return {"dX": dX, "dw": dw, "dlog_dispersion": dlog_dispersion}


def proportional_hazards(X, times, died, w):
    m = len(X)
    order = np.argsort(-times, kind="stable")  # (m,)
    risk = (X @ w)[order]  # (m,)
    at_risk = np.logaddexp.accumulate(risk)  # (m,)
    dat_risk = died[order].astype(X.dtype) / m  # (m,)
    longer = np.tri(m, dtype=bool)  # (m, m): who of them lives as long as the one that dies
    share = np.exp(np.where(longer, risk - at_risk[:, None], -np.inf))  # (m, m)
    drisk = share.T @ dat_risk - dat_risk  # (m,)
    dscore = np.zeros_like(drisk)  # (m,)
    dscore[order] = drisk
    dX = np.outer(dscore, w)  # (m, n)
    dw = X.T @ dscore  # (n,)
    return {"at_risk": at_risk, "dat_risk": dat_risk, "dX": dX, "dw": dw}


def normal_likelihood(X, A):
    (d, m), r = X.shape, A.shape[1]
    precision = inverse(A @ A.T / r + np.eye(d, dtype=A.dtype))  # (d, d)
    dX = precision @ X / m  # (d, m)
    dcovariance = (precision - m * dX @ dX.T) / 2  # (d, d)
    dA = 2 * dcovariance @ A / r  # (d, r)
    return {"dX": dX, "dA": dA}


# Everything else.


def bundle_adjustment(cameras, points, observed, camera_of, point_of):
    camera, x = cameras[camera_of], points[point_of]  # (o, 9), (o, 3)
    r, (focal, k1, k2) = camera[:, :3], camera[:, 6:].T[..., None]  # (o, 3), (o, 1)
    squared = (r**2).sum(axis=1, keepdims=True)  # (o, 1)
    small = squared < 1e-8  # (o, 1)
    angle = np.sqrt(np.where(small, 1, squared))  # (o, 1)
    sine = np.where(small, 1 - squared / 6, np.sin(angle) / angle)  # (o, 1)
    cosine = np.where(small, 0.5 - squared / 24, (1 - np.cos(angle)) / angle**2)  # (o, 1)
    across = np.cross(r, x)  # (o, 3)
    twice = np.cross(r, across)  # (o, 3)
    seen = x + sine * across + cosine * twice + camera[:, 3:6]  # (o, 3)
    plane = seen[:, :2] / seen[:, 2:]  # (o, 2)
    radius = (plane**2).sum(axis=1, keepdims=True)  # (o, 1)
    distortion = 1 + k1 * radius + k2 * radius**2  # (o, 1)
    error = focal * distortion * plane - observed  # (o, 2)

    derror = 2 * error / (0.1**2 + (error**2).sum(axis=1, keepdims=True))  # (o, 2)
    along = (derror * plane).sum(axis=1, keepdims=True)  # (o, 1)
    dradius = along * focal * (k1 + 2 * k2 * radius)  # (o, 1)
    dplane = focal * distortion * derror + 2 * dradius * plane  # (o, 2)
    ddepth = -(dplane * plane).sum(axis=1, keepdims=True)  # (o, 1), times the depth
    dseen = np.hstack([dplane, ddepth]) / seen[:, 2:]  # (o, 3)
    dlens = along * np.hstack([distortion, focal * radius, focal * radius**2])  # (o, 3)

    # a · (b × c) = b · (c × a) = c · (a × b): a cross product's derivatives are cross products.
    dsine = (dseen * across).sum(axis=1, keepdims=True)  # (o, 1)
    dcosine = (dseen * twice).sum(axis=1, keepdims=True)  # (o, 1)
    dtwice = cosine * dseen  # (o, 3)
    dacross = sine * dseen + np.cross(dtwice, r)  # (o, 3)
    dx = dseen + np.cross(dacross, r)  # (o, 3)
    near = -dsine / 6 - dcosine / 24  # (o, 1)
    far = (dsine * (np.cos(angle) - sine) + dcosine * (sine - 2 * cosine)) / (2 * angle**2)
    dsquared = np.where(small, near, far)  # (o, 1)
    dr = np.cross(across, dtwice) + np.cross(x, dacross) + 2 * r * dsquared  # (o, 3)
    dcameras, dpoints = np.zeros_like(cameras), np.zeros_like(points)  # (c, 9), (p, 3)
    np.add.at(dcameras, camera_of, np.hstack([dr, dseen, dlens]))
    np.add.at(dpoints, point_of, dx)
    marks = {"error": error, "derror": derror}
    return marks | {"dobserved": -derror, "dcameras": dcameras, "dpoints": dpoints}


def rosenbrock(x):
    above = x[1:] - x[:-1] ** 2  # (n − 1,)
    dx = np.zeros_like(x)  # (n,)
    dx[1:] += 200 * above
    dx[:-1] -= 400 * x[:-1] * above + 2 * (1 - x[:-1])
    return {"dx": dx}


def huber_and_quantile(X, y, w, v):
    m = len(X)
    error, over = X @ w - y, y - X @ v  # (m,)
    derror = np.clip(error, -0.5, 0.5) / m  # (m,)
    above = np.heaviside(over, 0.5)  # (m,): half of either where both are equal
    dover = (0.9 * above - 0.1 * (1 - above)) / m  # (m,)
    dX = np.outer(derror, w) - np.outer(dover, v)  # (m, n)
    dw = X.T @ derror  # (n,)
    dv = -X.T @ dover  # (n,)
    return {"dX": dX, "dy": dover - derror, "dw": dw, "dv": dv}


def hinge(X, labels, W):
    m = len(X)
    right = one_hot(labels, W)  # (m, k)
    scores = X @ W  # (m, k)
    margins = np.where(right == 1, 0, 1 + scores - (right * scores).sum(axis=1)[:, None])  # (m, k)
    largest = (margins == margins.max(axis=1, keepdims=True)).astype(X.dtype)  # (m, k)
    share = (1 - right) * largest / largest.sum(axis=1, keepdims=True)  # (m, k): equals share
    dscores = (share - right * share.sum(axis=1, keepdims=True)) / m  # (m, k)
    sign = 2 * np.heaviside(W, 1) - 1  # (n, k): JAX's |w|′ is 1 at 0
    dW = X.T @ dscores + 0.01 * sign  # (n, k)
    dX = dscores @ W.T  # (m, n)
    return {"dX": dX, "dW": dW}


def matrix_factorisation(ratings, known, users, items, bias):
    many = max(int(known.sum()), 1)
    error = np.where(known, users @ items.T + bias - ratings, 0)  # (n, m)
    derror = 2 * error / many  # (n, m)
    dratings = -derror  # (n, m)
    dusers = derror @ items + 0.2 * users  # (n, r)
    ditems = derror.T @ users + 0.2 * items  # (m, r)
    dbias = derror.sum(axis=0)  # (m,)
    return {"dratings": dratings, "dusers": dusers, "ditems": ditems, "dbias": dbias}


def springs(positions, springs, lengths):
    one, other = springs.T  # (s,)
    away = positions[one] - positions[other] + 1e-3  # (s, d)
    distance = np.sqrt((away**2).sum(axis=1))  # (s,)
    stretched = distance - lengths  # (s,)
    daway = (stretched / distance)[:, None] * away  # (s, d)
    dpositions = np.zeros_like(positions)  # (n, d)
    np.add.at(dpositions, one, daway)
    np.subtract.at(dpositions, other, daway)
    dpositions[:, -1] += 0.1
    return {"dpositions": dpositions, "dlengths": -stretched}


def optimal_transport(x, y):
    log_n, log_m = (np.log(x.dtype.type(len(points))) for points in (x, y))
    away = x[:, None] - y  # (n, m, d)
    cost = (away**2).sum(axis=2)  # (n, m)
    g, rounds = np.zeros_like(y[:, 0]), []  # (m,)
    for _ in range(10):
        before = g
        f = -logsumexp(g - cost / 0.5, axis=1) - log_n  # (n,)
        g = -logsumexp(f[:, None] - cost / 0.5, axis=0) - log_m  # (m,)
        rounds.append((before, f))
    plan = np.exp(f[:, None] + g - cost / 0.5)  # (n, m)

    dlogs = plan * cost  # (n, m)
    dcost = plan - dlogs / 0.5  # (n, m)
    df, dg = dlogs.sum(axis=1), dlogs.sum(axis=0)  # (n,), (m,)
    for before, f in reversed(rounds):
        of_columns = -softmax(f[:, None] - cost / 0.5, axis=0) * dg  # (n, m)
        df = df + of_columns.sum(axis=1)  # (n,)
        of_rows = -softmax(before - cost / 0.5, axis=1) * df[:, None]  # (n, m)
        dcost = dcost - (of_columns + of_rows) / 0.5  # (n, m)
        df, dg = np.zeros_like(df), of_rows.sum(axis=0)  # (n,), (m,)
    daway = 2 * dcost[:, :, None] * away  # (n, m, d)
    return {"dx": daway.sum(axis=1), "dy": -daway.sum(axis=0)}


def branching(x, y):
    value, slope = (np.sin(x), np.cos(x)) if x.sum() > 0 else (x**3, 3 * x**2)  # (n,)
    dx = np.clip(2 * value, -0.1, 0.1) * slope  # (n,)
    dcurved = (np.sinh(y), 2 * y, np.exp(y))[len(x) % 3]  # (m, n)
    return {"dx": dx, "dy": dcurved / y.size}


def sized(x):
    step, factor = (2, 1.5) if len(x) > 3 else (1, 1)
    kept = x[::step] * factor
    dx = np.zeros_like(x)  # (n,)
    dx[::step] = factor / (1 + kept**2) / len(kept)
    return {"dx": dx}


def polynomial(x, y, strength, degree=3):
    m = len(x)

    def powers(x):
        return np.stack([x**p for p in range(degree + 1)], axis=1)  # (m, degree + 1)

    def slopes(x):
        return np.stack([p * x ** max(p - 1, 0) for p in range(degree + 1)], axis=1)

    V, halfway = powers(x), powers(x / 2)  # (m, degree + 1)
    M = inverse(V.T @ V + np.exp(strength) * np.eye(degree + 1, dtype=x.dtype))
    fit = M @ V.T @ y  # (degree + 1,)
    derror = 2 * (V @ fit - y) / m  # (m,)
    dhalfway = 2 * (halfway @ fit - y) / m  # (m,)
    dfit = M @ (V.T @ derror + halfway.T @ dhalfway)  # (degree + 1,), before the solve
    dy = V @ dfit - derror - dhalfway  # (m,)
    dV = np.outer(derror - V @ dfit, fit) + np.outer(y - V @ fit, dfit)  # (m, degree + 1)
    dx = (dV * slopes(x)).sum(axis=1) + dhalfway * (slopes(x / 2) @ fit) / 2  # (m,)
    dstrength = -np.exp(strength) * dfit @ fit
    return {"dx": dx, "dy": dy, "dstrength": dstrength}


def spectrum(A):
    eigenvalues, V = np.linalg.eigh(A + A.T)  # (n,), (n, n)
    v = V[:, 0]  # (n,)
    dv = 4 * v**3  # (n,)
    dvalues = 2 * eigenvalues / (1 + eigenvalues**2)  # (n,)
    gaps = eigenvalues[0] - eigenvalues[1:]  # (n − 1,)
    turned = V[:, 1:] @ (V[:, 1:].T @ dv / gaps)  # (n,): v turns towards the other vectors
    dS = V * dvalues @ V.T + np.outer(turned, v)  # (n, n)
    return {"dA": dS + dS.T}


def largest_eigenvalue(A):
    S = A @ A.T + np.eye(len(A), dtype=A.dtype)  # (n, n)
    v = S.sum(axis=1)  # (n,)
    v = v / np.sqrt(v @ v)  # (n,)
    while np.sqrt(((S @ v - v * (v @ S @ v)) ** 2).sum()) > 1e-3 * (v @ S @ v):
        v = S @ v / np.sqrt(((S @ v) ** 2).sum())  # (n,)
    dS = np.outer(v, v)  # (n, n)
    dA = 2 * dS @ A  # (n, m)
    return {"dA": dA}


def nuclear_norm(A, B):
    U, _, V = np.linalg.svd(A @ B, full_matrices=False)
    dproduct = U @ V  # (n, m)
    dA = dproduct @ B.T + 2 * A  # (n, r)
    dB = A.T @ dproduct  # (r, m)
    return {"dA": dA, "dB": dB}


BY_HAND = {
    by_hand.__name__: by_hand
    for by_hand in (
        swiglu_with_dropout,
        lstm,
        gru,
        recurrent,
        convolutional,
        graph_convolution,
        variational_autoencoder,
        neural_ode,
        contrastive,
        word_embedding,
        logistic_regression,
        softmax_regression,
        gaussian_mixture,
        gaussian_process,
        hidden_markov,
        connectionist_temporal_classification,
        kalman_filter,
        negative_binomial,
        proportional_hazards,
        normal_likelihood,
        bundle_adjustment,
        rosenbrock,
        huber_and_quantile,
        hinge,
        matrix_factorisation,
        springs,
        optimal_transport,
        branching,
        sized,
        polynomial,
        spectrum,
        largest_eigenvalue,
        nuclear_norm,
    )
}
DOUBLE_ONLY = {"spectrum", "nuclear_norm"}  # NumPy has no eigh and no svd of longdouble
