"""The 59 kelp indices written by hand in numpy, as an oracle that shares no code or text with the package."""

from __future__ import annotations

import numpy as np

ORACLE = {
    "ATSAVI": lambda b, g, r, n, s, d: (
        1.22 * (n - 1.22 * r - 0.03) / (1.22 * n + r - 1.22 * 0.03 + 0.08 * (1 + 1.22 * 1.22))
    ),
    "AFRI1600": lambda b, g, r, n, s, d: n - 0.66 * s / (n + 0.66 * s),
    "AVI": lambda b, g, r, n, s, d: n + n - r,
    "ARVI": lambda b, g, r, n, s, d: 1.17 * ((n - r) / (n + r)) - 0.18,
    "BWDRVI": lambda b, g, r, n, s, d: (n / 10 - b) / (n / 10 + b),
    "ClGreen": lambda b, g, r, n, s, d: (n - g) / g,
    "CVI": lambda b, g, r, n, s, d: (n / g) * (r / g),
    "CI": lambda b, g, r, n, s, d: 1 - b / r,
    "GDVI": lambda b, g, r, n, s, d: n - g,
    "DVIMSS": lambda b, g, r, n, s, d: 2.4 * n - r,
    "EVI": lambda b, g, r, n, s, d: np.clip(
        2.5 * (n - r) / (n + 6 * r - 7.5 * b + 1), -20000, 20000
    ),
    "EVI2": lambda b, g, r, n, s, d: 2.4 * (n - r) / (n + r + 1),
    "EVI22": lambda b, g, r, n, s, d: 2.5 * (n - r) / (n + 2.4 * r + 1),
    "GARI": lambda b, g, r, n, s, d: (n - g + b - r) / (n - g - b + r),
    "GNDVI": lambda b, g, r, n, s, d: (n - g) / (n + g),
    "GRNDVI": lambda b, g, r, n, s, d: (n - r - g) / (n + r + g),
    "GBNDVI": lambda b, g, r, n, s, d: (n - g - b) / (n + g + b),
    "GVMI": lambda b, g, r, n, s, d: (n - s + 0.08) / (n + s + 0.12),
    "IPVI": lambda b, g, r, n, s, d: 0.5 * n / (n + r) * ((r - g) / r + g + 1),
    "I": lambda b, g, r, n, s, d: (b + g + r) / 30.5,
    "H": lambda b, g, r, n, s, d: np.arctan((2 * r - g - b) * (g - b) / 30.5),
    "LogR": lambda b, g, r, n, s, d: np.log(n) - np.log(r),
    "mCRIG": lambda b, g, r, n, s, d: n / b - n / g,
    "MVI": lambda b, g, r, n, s, d: n / s,
    "MCARI": lambda b, g, r, n, s, d: (0.8 * n - r + 0.2 * g) * (n / r),
    "MSRNirRed": lambda b, g, r, n, s, d: (n / r - 1) / (n / r + 1) ** 0.5,
    "MSAVI": lambda b, g, r, n, s, d: (
        0.5 * (2 * n + 1 - np.sqrt((2 * n + 1) * (2 * n + 1) - 8 * n + 8 * r))
    ),
    "NLI": lambda b, g, r, n, s, d: (n * n - r) / (n * n + r),
    "NDVI": lambda b, g, r, n, s, d: (n - r) / (n + r),
    "NDVIWM": lambda b, g, r, n, s, d: np.where(n > r, (n - r) / (n + r), 0),
    "NDWI": lambda b, g, r, n, s, d: (n - g) / (n + g),
    "NDWIWM": lambda b, g, r, n, s, d: np.where(n > g, (n - g) / (n + g), 0),
    "NormG": lambda b, g, r, n, s, d: g / (n + r + g),
    "NormNIR": lambda b, g, r, n, s, d: n / (n + r + g),
    "NormR": lambda b, g, r, n, s, d: r / (n + r + g),
    "PNDVI": lambda b, g, r, n, s, d: (n - r - g - b) / (n + r + g + b),
    "SRGR": lambda b, g, r, n, s, d: g / r,
    "SRNIRG": lambda b, g, r, n, s, d: n / g,
    "SRNIRR": lambda b, g, r, n, s, d: n / r,
    "SRNIRSWIR": lambda b, g, r, n, s, d: n / s,
    "SRSWIRNIR": lambda b, g, r, n, s, d: s / n,
    "RBNDVI": lambda b, g, r, n, s, d: (n - r - b) / (n + r + b),
    "SQRTNIRR": lambda b, g, r, n, s, d: np.sqrt(n) / np.sqrt(r),
    "TNDVI": lambda b, g, r, n, s, d: ((n - r) / (n + r) + 0.5) ** 0.5,
    "TVI": lambda b, g, r, n, s, d: ((r - g) / (r + g) + 0.5) ** 0.5,
    "VARIGreen": lambda b, g, r, n, s, d: (g - r) / (g + r - b),
    "WDRVI": lambda b, g, r, n, s, d: (n / 10 - r) / (n / 10 + r),
    "DEMWM": lambda b, g, r, n, s, d: np.where(d > 0, d, 0),
    "CHLA": lambda b, g, r, n, s, d: 4.23 * np.exp(3.94 * np.log(g / b)),
    "CYA": lambda b, g, r, n, s, d: np.exp(2.38 * np.log(g * r / b / 65535)),
    "TURB": lambda b, g, r, n, s, d: 8.93 * (g / b) - 6.39,
    "CDOM": lambda b, g, r, n, s, d: 537 * np.exp(-2.93 * g / r),
    "DOC": lambda b, g, r, n, s, d: 432 * np.exp(-2.24 * g / r),
    "WATERCOLOR": lambda b, g, r, n, s, d: 25366 * np.exp(-4.53 * g / r),
    "SABI": lambda b, g, r, n, s, d: (n - r) / (g + b),
    "KIVU": lambda b, g, r, n, s, d: (b - r) / g,
    "Kab1": lambda b, g, r, n, s, d: 1.67 - 3.94 * np.log(b) + 3.78 * np.log(g),
    "NDAVI": lambda b, g, r, n, s, d: (n - b) / (n + b),
    "WAVI": lambda b, g, r, n, s, d: 1.5 * (n - b) / (n + b + 0.5),
}
