"""A few drawn pictures, made once and shown again: drawing, checking and shrinking one takes a tenth of a second."""

import random

from dispatch.simulation import pictures
from incidents import photos
from incidents.photos import Picture

VARIANTS = 2


class Album:
    """Checked pictures by scene, before and after, drawn when first asked for."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._drawn: dict[tuple[str, bool, int], Picture] = {}

    def picture(self, scene: str, *, after: bool, dice: random.Random) -> Picture:
        """One of the scene's pictures, ready to be stored."""
        # What was put right looks like the place without the trouble, whatever that was.
        wanted = (pictures.place_of(scene) if after else scene, after, dice.randrange(VARIANTS))
        if wanted not in self._drawn:
            pencil = random.Random(f"picture {self.seed} {wanted}")
            self._drawn[wanted] = photos.check(pictures.draw(wanted[0], after=after, dice=pencil))
        return self._drawn[wanted]
