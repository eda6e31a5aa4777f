"""The views of the Django project of test_frameworks.py."""

from __future__ import annotations

from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt


def hello(request, name):
    return JsonResponse({"name": name, "x": request.GET["x"]})


@csrf_exempt
def echo(request):
    return HttpResponse(request.read())


def stream(request):
    return StreamingHttpResponse(f"{number}\n" for number in range(100))


@csrf_exempt
def form(request):
    file = request.FILES["file"]
    return JsonResponse({"a": request.POST["a"], "name": file.name, "size": len(file.read())})


def fails(request):
    raise ValueError("a fault of the application")


urlpatterns = [
    path("hello/<name>", hello),
    path("echo", echo),
    path("stream", stream),
    path("form", form),
    path("raise", fails),
]
