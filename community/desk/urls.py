from django.urls import include, path

from community.desk.views import audit, groups, home, mail, people, roles

app_name = "desk"

urlpatterns = [
    path("", home.home, name="home"),
    path("", include("community.desk.house_urls")),
    path("people/", people.people, name="people"),
    path("people/by-address/", people.by_address, name="by_address"),
    path("people/<slug:public_id>/", people.person, name="person"),
    path("people/<slug:public_id>/address/", people.address, name="address"),
    path("people/<slug:public_id>/suspensions/", people.suspensions, name="suspensions"),
    path("people/<slug:public_id>/suspensions/end/", people.suspension_end, name="suspension_end"),
    path("people/<slug:public_id>/sign-ins/end/", people.sign_ins_end, name="sign_ins_end"),
    path("people/<slug:public_id>/role/", people.role, name="role"),
    path("people/<slug:public_id>/handle/", people.handle_request, name="handle_request"),
    path("people/<slug:public_id>/death/", people.death, name="death"),
    path("people/<slug:public_id>/death/undone/", people.death_undone, name="death_undone"),
    path("people/<slug:public_id>/trainings/", roles.person_trainings, name="person_trainings"),
    path("people/<slug:public_id>/groups/", people.memberships, name="memberships"),
    path("people/<slug:public_id>/groups/<slug:slug>/role/", people.group_role, name="group_role"),
    path("people/<slug:public_id>/groups/<slug:slug>/removal/", people.removal, name="removal"),
    path("groups/", groups.groups, name="groups"),
    path("groups/new/", groups.new_group, name="new_group"),
    path("groups/<slug:slug>/", groups.group, name="group"),
    path("groups/<slug:slug>/closing/", groups.closing, name="closing"),
    path("groups/<slug:slug>/opening/", groups.opening, name="opening"),
    path("groups/<slug:slug>/rooms/", groups.new_room, name="new_room"),
    path("groups/<slug:slug>/rooms/<slug:room_slug>/", groups.room, name="room"),
    path("groups/<slug:slug>/rooms/<slug:room_slug>/closing/", groups.room_closing, name="room_closing"),
    path("groups/<slug:slug>/rooms/<slug:room_slug>/opening/", groups.room_opening, name="room_opening"),
    path("roles/", roles.roles, name="roles"),
    path("trainings/<int:pk>/withdrawal/", roles.training_withdrawal, name="training_withdrawal"),
    path("mail/", mail.mail, name="mail"),
    path("mail/<int:number>/retry/", mail.retry, name="retry"),
    path("mail/<int:number>/drop/", mail.drop, name="drop"),
    path("audit/", audit.audit, name="audit"),
    path("audit/copies/", audit.copies, name="copies"),
]
