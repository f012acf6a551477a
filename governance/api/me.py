"""Who asks, and where they serve."""

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from grids import permissions, selectors
from grids.api.endpoints import Endpoint
from grids.api.fields import UnitRef, moment, unit_ref
from grids.duties import Duty


class OwnPost(serializers.Serializer):
    unit = UnitRef()
    duty = serializers.ChoiceField(Duty.values)
    duty_name = serializers.CharField()
    is_primary = serializers.BooleanField()
    until = serializers.DateTimeField(allow_null=True)


class Me(serializers.Serializer):
    """The person who asks."""

    username = serializers.CharField()
    name = serializers.CharField()
    language = serializers.CharField(allow_blank=True)
    posts = OwnPost(many=True)
    sees = serializers.ListField(child=serializers.CharField(), help_text="codes under which everything is in sight")


class MeOne(Endpoint):
    """Oneself."""

    tag = "about"
    names = {"GET": "getMe"}
    gives = {"GET": {200: Me}}

    def get(self, request: Request) -> Response:
        """Who I am to the platform: my posts in force and what I see."""
        person = self.person
        return Response(
            {
                "username": person.username,
                "name": person.full_name,
                "language": person.language,
                "posts": [
                    {
                        "unit": unit_ref(post.unit),
                        "duty": post.duty,
                        "duty_name": str(post.get_duty_display()),
                        "is_primary": post.is_primary,
                        "until": moment(post.period.upper),
                    }
                    for post in selectors.posts_of(person, self.now)
                ],
                "sees": permissions.visible_prefixes(person, now=self.now),
            }
        )
